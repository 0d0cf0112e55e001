import { afterAll, beforeAll, expect, test } from 'vitest';

import { listBounceRules, putBounceRule } from '@mxflow/db';
import { messageIdOf, type BounceRule, type MessageId } from '@mxflow/domain';
import type { Outgoing } from '@mxflow/messaging';

import { startService } from './service-in-process.ts';
import { insertSendingJob, openTestWorld, until, type TestWorld } from './world.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await openTestWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const refused = (messageId: string, code: number, text: string): Outgoing => {
  const facts = { messageId, attempt: 1, at: Date.now(), mxHost: 'mx.example.net', mxIp: '192.0.2.1', source: 1 };
  const result = { kind: 'refused' as const, reply: { code, lines: [text] } };
  return code >= 500
    ? { key: 'delivery.failed.v1', body: { ...facts, result } }
    : { key: 'delivery.deferred.v1', body: { ...facts, result } };
};

const logOf = async (messageId: string) =>
  await world.database.client.deliveryLog.findFirst({ where: { messageId: BigInt(messageId) } });
const entryOf = async (address: string) =>
  await world.database.client.quarantineEntry.findUnique({ where: { address } });

/** Publishes outcomes and waits until each is in the log. */
async function record(ids: readonly MessageId[], outcomes: readonly Outgoing[]): Promise<void> {
  await world.messaging.publishMany(outcomes);
  await until(async () => {
    const rows = await world.database.client.deliveryLog.findMany({ where: { messageId: { in: ids.map(BigInt) } } });
    return rows.length === ids.length;
  });
}

test('replies are read by the rules: reason, type, detail and rule are logged, and addresses quarantined', async () => {
  await using service = await startService(world);
  const { jobNumber, ids } = await insertSendingJob(world.database, { recipients: 5 });
  const [unknown = '', full = '', inactive = '', throttled = '', gone = ''] = ids;
  await record(ids, [
    refused(unknown, 550, '5.1.1 ... User is unknown {mx003}'),
    refused(full, 550, '5.2.2 User quota exceeded'),
    refused(inactive, 550, '5.7.1 : Recipient address rejected: Inactive MailBox, not poped for more than 6 months'),
    refused(
      throttled,
      421,
      '4.16.55 [TS01] Messages from 192.0.2.1 temporarily deferred due to excessive user complaints',
    ),
    {
      key: 'delivery.deferred.v1',
      body: {
        messageId: gone,
        attempt: 1,
        at: Date.now(),
        result: { kind: 'invalid-domain', because: "DNS query failed for 'ourdan.com'" },
      },
    },
  ]);
  const logged = await Promise.all(ids.map((id) => logOf(id)));
  expect(logged.map((row) => [row?.status, row?.failureReason, row?.failureType])).toEqual([
    ['failed', 'user-unknown', 'hard'],
    ['failed', 'mailbox-full', 'soft'],
    ['failed', 'inactive-user', 'soft'],
    ['deferred', 'unreachable', 'soft'],
    ['deferred', 'invalid-domain', 'soft'],
  ]);
  expect(logged.every((row) => row?.rule !== null && row?.failureDetail !== null)).toBe(true);
  expect(logged[4]?.reply).toBe("DNS query failed for 'ourdan.com'");
  expect(await entryOf(`r0@example.net`)).toMatchObject({
    status: 'quarantined',
    reason: 'user-unknown',
    rule: logged[0]?.rule,
  });
  expect(await entryOf(`r1@example.net`)).toMatchObject({ status: 'with_errors', errorCount: 1 });
  expect(await entryOf(`r3@example.net`)).toBeNull();
  expect(jobNumber).toBe(`${BigInt(messageIdOf(jobNumber, 0)) >> 27n}`);
  const metrics = await service.metricsText();
  expect(metrics).toMatch(/mxflow_failures_total\{[^}]*reason="user-unknown"[^}]*type="hard"[^}]*\} 1/);
  expect(metrics).toMatch(/mxflow_quarantined_total\{[^}]*reason="user-unknown"[^}]*\} 1/);
  // What rules decided is written in batches.
  await until(async () => {
    const { rules } = await listBounceRules(world.database);
    return rules.find(({ id }) => id === logged[0]?.rule)?.hits === 1;
  });
});

test('a text that no rule knows is gathered: normalised, counted, the first example kept', async () => {
  await using _service = await startService(world);
  const { ids } = await insertSendingJob(world.database, { recipients: 3 });
  const names = ['anna', 'bert', 'cleo'];
  for (const [n, name] of names.entries()) {
    await world.database.client.$executeRawUnsafe(
      `UPDATE work SET address = $1 WHERE message_id = $2::bigint`,
      `${name}@example.net`,
      ids[n],
    );
  }
  await record(
    ids,
    ids.map((id, n) => refused(id, 550, `zork 10${n} frobnicated ${names[n]} <user${n}@example.net>`)),
  );
  await until(async () => (await world.database.client.unmatchedText.count()) > 0);
  const [text, ...more] = await world.database.client.unmatchedText.findMany();
  expect(more).toEqual([]);
  expect(text).toMatchObject({ hits: 3n, status: 'to-qualify', looksAt: 'reply', mxHost: 'mx.example.net' });
  expect(text?.text).not.toMatch(/@example|10\d/);
  expect(text?.example).toMatch(/^550 zork 10\d frobnicated \w{4} <user\d@example.net>$/);
});

test('a rule changed in Postgres decides on two replicas within five seconds', async () => {
  const rule: BounceRule = {
    id: 'Mine',
    pattern: 'wibble wobble',
    where: ['reply'],
    reason: 'refused',
    type: 'soft',
    detail: 'policy',
    matches: ['550 wibble wobble'],
    leaves: ['550 other'],
  };
  await using one = await startService(world);
  await using other = await startService(world);
  /** Sends the text until both services have read one: the reasons that they logged. */
  const reasons = async (): Promise<ReadonlySet<string | null | undefined>> => {
    const { ids } = await insertSendingJob(world.database, { recipients: 40 });
    for (const id of ids) await world.messaging.publishMany([refused(id, 550, 'wibble wobble')]);
    await until(
      async () =>
        (await world.database.client.deliveryLog.count({ where: { messageId: { in: ids.map(BigInt) } } })) === 40,
    );
    const rows = await world.database.client.deliveryLog.findMany({ where: { messageId: { in: ids.map(BigInt) } } });
    return new Set(rows.map(({ failureReason }) => failureReason));
  };
  expect(await reasons()).toEqual(new Set(['not-defined']));
  const followed = () =>
    [one, other].map(({ lines }) => lines.filter(({ msg }) => msg.startsWith('failures are read by')).length);
  const before = followed();
  await putBounceRule(world.database, rule);
  const changedAt = Date.now();
  await until(() => followed().every((count, n) => count > (before[n] ?? 0)));
  expect(Date.now() - changedAt).toBeLessThan(5000);
  expect(await reasons()).toEqual(new Set(['refused']));
  await putBounceRule(world.database, { ...rule, reason: 'inactive-user', detail: 'suspended' });
  await until(() => followed().every((count, n) => count > (before[n] ?? 0) + 1));
  expect(await reasons()).toEqual(new Set(['inactive-user']));
});

test('a rule that cannot be run, written past the API, is left out; the others decide', async () => {
  await world.database.client.bounceRule.create({
    data: {
      id: 'Broken',
      position: 0,
      pattern: '(?=x)',
      looksAt: ['reply'],
      reason: 'refused',
      type: 'soft',
      detail: 'policy',
      matches: ['x'],
      leaves: ['y'],
      origin: 'local',
    },
  });
  await using service = await startService(world);
  const { ids } = await insertSendingJob(world.database, { recipients: 1 });
  await record(
    ids,
    ids.map((id) => refused(id, 552, 'mailbox full')),
  );
  expect((await logOf(ids[0] ?? ''))?.failureReason).toBe('mailbox-full');
  expect(service.lines.some(({ msg }) => msg.startsWith('bounce rules are left out'))).toBe(true);
  await world.database.client.bounceRule.delete({ where: { id: 'Broken' } });
});
