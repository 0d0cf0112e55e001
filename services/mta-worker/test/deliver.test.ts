import { putDomainRule } from '@mxflow/db';
import { analyse, readReferee, type ProviderSpec } from '@mxflow/provider-sim';
import { expect, test } from 'vitest';

import { openLane, ordinalsOf } from './lane.ts';

const provider = (name: string, address: string, behaviour: ProviderSpec['behaviour'] = {}): ProviderSpec => ({
  name,
  domains: [`${name}.test`],
  mxHosts: [{ host: `mx.${name}.test`, preference: 10, addresses: [address] }],
  behaviour,
});

const addresses = (count: number, domain: string, prefix = 'user'): string[] =>
  Array.from({ length: count }, (_none, index) => `${prefix}${index}@${domain}`);

test('every released message is sent once, within the caps, and its outcome told once', async () => {
  await using lane = await openLane([provider('plain', '127.21.0.1')], {
    limits: { maxConnections: 3, maxMessagesPerConnection: 7, messagesPerHour: 1_000_000 },
  });
  await lane.post(addresses(200, 'plain.test'));
  const outcomes = await lane.outcomes(200);
  expect(new Set(outcomes.map(({ key }) => key))).toEqual(new Set(['delivery.sent.v1']));
  expect(new Set(ordinalsOf(outcomes)).size).toBe(200);
  expect(await lane.stopWorker()).toBe(0);
  lane.sims.referee.flush();
  const { accepted, duplicates, violations, scopes } = await analyse(readReferee(lane.refereeFile));
  expect({ accepted, duplicates, violations }).toEqual({ accepted: 200, duplicates: [], violations: {} });
  const [seen] = Object.values(scopes['provider'] ?? {});
  expect(seen?.maxConnections).toBeLessThanOrEqual(3);
  expect(seen?.maxMessagesPerConnection).toBe(7);
});

test('each message has its own outcome: refused, deferred, unknown domain', async () => {
  const behaviour: ProviderSpec['behaviour'] = {
    recipients: [
      { who: { local: 'unknown*' }, does: { kind: 'refuse', reply: 'unknown-user' } },
      { who: { local: 'busy*' }, does: { kind: 'defer', reply: 'temporary-failure' } },
    ],
  };
  await using lane = await openLane([provider('mixed', '127.22.0.1', behaviour)]);
  await lane.post(['unknown@mixed.test', 'busy@mixed.test', 'fine@mixed.test', 'any@nowhere.test']);
  const outcomes = await lane.outcomes(4);
  const byOrdinal = new Map(ordinalsOf(outcomes).map((ordinal, index) => [ordinal, outcomes[index]]));
  expect([0, 1, 2, 3].map((ordinal) => byOrdinal.get(ordinal)?.key)).toEqual([
    'delivery.failed.v1',
    'delivery.deferred.v1',
    'delivery.sent.v1',
    'delivery.deferred.v1',
  ]);
  expect(byOrdinal.get(3)?.body['result']).toEqual({
    kind: 'invalid-domain',
    because: "DNS query failed for 'nowhere.test'",
  });
});

test('a domain rule takes a domain away from one message to the next, and gives it back', async () => {
  await using lane = await openLane([provider('closed', '127.28.0.1')]);
  const rule = { id: 'closed', mask: '*closed.test', action: 'no-mail' } as const;
  await putDomainRule(lane.database, rule);
  await lane.post(['a@closed.test']);
  const [barred] = await lane.outcomes(1);
  expect(barred?.body['result']).toEqual({
    kind: 'invalid-domain',
    because: "domain rule 'closed': the domain 'closed.test' does not accept mail",
  });
  await putDomainRule(lane.database, { ...rule, action: 'deliver' });
  await expect
    .poll(
      async () => {
        await lane.post(['b@closed.test']);
        return (await lane.outcomes(2)).at(-1)?.key;
      },
      { timeout: 20_000, interval: 50 },
    )
    .toBe('delivery.sent.v1');
});

test('verify asks up to RCPT, simulate connects to nobody', async () => {
  await using lane = await openLane([provider('checked', '127.23.0.1')]);
  await lane.post(['a@checked.test'], { mode: 'verify' });
  await lane.outcomes(1);
  await lane.post(['b@checked.test'], { mode: 'simulate' });
  const outcomes = await lane.outcomes(2);
  expect(outcomes.map(({ key }) => key)).toEqual(['delivery.sent.v1', 'delivery.sent.v1']);
  lane.sims.referee.flush();
  const { accepted, scopes } = await analyse(readReferee(lane.refereeFile));
  expect(accepted).toBe(0);
  expect(Object.values(scopes['provider'] ?? {})[0]?.messages).toBe(1);
});

test('a site that cannot be reached rests, and its messages wait unattempted', async () => {
  await using lane = await openLane([provider('dead', '127.24.0.1', { listening: 'refused' })]);
  await lane.post(addresses(20, 'dead.test'));
  const waiting = () => lane.database.client.work.count({ where: { state: 'waiting', waitReason: 'site-back-off' } });
  await expect.poll(waiting, { timeout: 15_000 }).toBe(20);
  const [work] = await lane.database.client.work.findMany({ take: 1 });
  expect(work).toMatchObject({ attempt: 1, lastReply: expect.stringContaining('mx.dead.test') });
  const site = await lane.database.client.site.findFirstOrThrow();
  expect(site.failures).toBe(1);
});

test('SIGTERM amid a lane: what was not sent waits again at once, nothing is in doubt', async () => {
  await using lane = await openLane([provider('slow', '127.25.0.1', { replyDelayMs: 20 })]);
  await lane.post(addresses(400, 'slow.test'));
  await lane.outcomes(20);
  expect(await lane.stopWorker()).toBe(0);
  const states = await lane.database.client.work.groupBy({ by: ['state'], _count: true });
  const told = (await lane.outcomes(20)).length;
  // Nobody records in this test: what was told is still `sending`.
  expect(Object.fromEntries(states.map(({ state, _count }) => [state, _count]))).toEqual({
    waiting: 400 - told,
    sending: told,
  });
  lane.sims.referee.flush();
  expect((await analyse(readReferee(lane.refereeFile))).accepted).toBe(told);
});

test('a job that is paused sends nothing that was claimed behind a slow message', async () => {
  const limits = { maxConnections: 1, maxMessagesPerConnection: 100, messagesPerHour: 1_000_000 };
  await using lane = await openLane([provider('tarpit', '127.29.0.1', { replyDelayMs: { content: 2500 } })], {
    limits,
  });
  await lane.post(addresses(5, 'tarpit.test'));
  await lane.outcomes(1);
  await lane.database.client.job.updateMany({ data: { state: 'paused' } });
  const waiting = () => lane.database.client.work.count({ where: { state: 'waiting' } });
  // The first is told, the second perhaps in hand; those that were claimed for the same connection go back.
  await expect.poll(waiting, { timeout: 15_000 }).toBeGreaterThanOrEqual(3);
  expect(await lane.stopWorker()).toBe(0);
  lane.sims.referee.flush();
  const { accepted } = await analyse(readReferee(lane.refereeFile));
  expect(accepted).toBeLessThanOrEqual(2);
  expect(await waiting()).toBe(5 - accepted);
});
