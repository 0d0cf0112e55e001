import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Outgoing } from '@mxflow/messaging';

import { startService, type RunningService } from './service-in-process.ts';
import { countsOf, insertSendingJob, openTestWorld, sendAgain, until, type TestWorld } from './world.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await openTestWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const facts = (messageId: string, attempt = 1) => ({
  messageId,
  attempt,
  at: Date.now(),
  mxHost: 'mx.example.net',
  mxIp: '192.0.2.1',
  source: 1,
});
const reply = (code: number, text: string, enhanced?: string) => ({
  code,
  ...(enhanced === undefined ? {} : { enhanced }),
  lines: [text],
});
const sent = (messageId: string, attempt = 1): Outgoing => ({
  key: 'delivery.sent.v1',
  body: { ...facts(messageId, attempt), reply: reply(250, '2.0.0 Ok', '2.0.0') },
});
const failed = (messageId: string, attempt = 1): Outgoing => ({
  key: 'delivery.failed.v1',
  body: {
    ...facts(messageId, attempt),
    result: { kind: 'refused', reply: reply(550, '5.1.1 No such user', '5.1.1') },
  },
});
const deferred = (messageId: string, text = '4.2.0 Later', attempt = 1): Outgoing => ({
  key: 'delivery.deferred.v1',
  body: { ...facts(messageId, attempt), result: { kind: 'refused', reply: reply(451, text) } },
});
const inDoubt = (messageId: string): Outgoing => ({
  key: 'delivery.deferred.v1',
  body: { ...facts(messageId), result: { kind: 'in-doubt', because: 'connection lost' } },
});

/** Outcomes that a service has recorded so far, by whether they changed anything. */
async function recordedBy(service: RunningService): Promise<{ readonly applied: number; readonly stale: number }> {
  const counts = { applied: 0, stale: 0 };
  const samples = (await service.metricsText()).matchAll(
    /^mxflow_outcomes_recorded_total\{[^}]*transition="(applied|stale)"[^}]*\} (\d+)/gm,
  );
  for (const [, transition, count] of samples) counts[transition as keyof typeof counts] += Number(count);
  return counts;
}

/** Runs the service until it has recorded so many outcomes. */
async function recordAll(
  count: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<Awaited<ReturnType<typeof recordedBy>>> {
  await using service = await startService(world, settings);
  let counts = await recordedBy(service);
  await until(async () => {
    counts = await recordedBy(service);
    return counts.applied + counts.stale >= count;
  });
  return counts;
}

const logOf = (jobNumber: string) =>
  world.database.client.deliveryLog.findMany({ where: { jobId: BigInt(jobNumber) }, orderBy: { messageId: 'asc' } });

test('outcomes become log rows, counters and waiting work; every message delivered twice makes the same', async () => {
  const { jobNumber, ids } = await insertSendingJob(world.database, { recipients: 6 });
  const [a = '', b = '', c = '', d = '', e = ''] = ids;
  await world.messaging.publishMany([
    sent(a),
    failed(b),
    deferred(c),
    deferred(d, '4.7.1 Greylisted, come back'),
    inDoubt(e),
  ]);
  expect(await recordAll(10, { MXFLOW_TEST_DELIVER_TWICE: '1' })).toEqual({ applied: 5, stale: 5 });
  expect(await countsOf(world.database, jobNumber)).toEqual({
    pending: 1,
    sent: 1,
    failed: 1,
    deferred: 3,
    inDoubt: 1,
  });
  const rows = await logOf(jobNumber);
  expect(
    rows.map(({ status, failureType, failureReason, replyCode, inDoubt: doubt }) => [
      status,
      failureType,
      failureReason,
      replyCode,
      doubt,
    ]),
  ).toEqual([
    ['sent', null, null, 250, false],
    ['failed', 'hard', 'user-unknown', 550, false],
    ['deferred', 'soft', 'unreachable', 451, false],
    ['deferred', 'soft', 'unreachable', 451, false],
    ['deferred', 'soft', 'unreachable', null, true],
  ]);
  expect(rows[0]).toMatchObject({ mxHost: 'mx.example.net', mxIp: '192.0.2.1', source: 1, reply: '250 2.0.0 Ok' });
  const work = await world.database.client.work.findMany({
    where: { jobId: BigInt(jobNumber) },
    orderBy: { messageId: 'asc' },
  });
  expect(work.map(({ attempt, waitReason }) => [attempt, waitReason])).toEqual([
    [2, 'retry'],
    [2, 'greylisted'],
    [2, 'retry'],
    [1, null],
  ]);
  const waits = work.slice(0, 3).map(({ dueAt }) => (dueAt.getTime() - Date.now()) / 1000);
  for (const [index, seconds] of [3600, 300, 3600].entries()) {
    expect(Math.abs((waits[index] ?? 0) - seconds)).toBeLessThan(seconds * 0.1 + 30);
  }
});

test('late and repeated outcomes change nothing', async () => {
  const { jobNumber, ids } = await insertSendingJob(world.database, { recipients: 2 });
  const [a = '', b = ''] = ids;
  await world.messaging.publishMany([deferred(a), failed(b)]);
  await recordAll(2);
  // The first attempt is over, the job counted; whatever is said of it now comes too late.
  await world.messaging.publishMany([sent(a), failed(a), deferred(a), sent(b), sent(b, 2), deferred(b)]);
  expect(await recordAll(6)).toEqual({ applied: 0, stale: 6 });
  expect(await countsOf(world.database, jobNumber)).toEqual({ deferred: 1, failed: 1 });
  expect(await logOf(jobNumber)).toHaveLength(2);
});

test('a repeat of the first attempt beside the outcome of the second hides nothing', async () => {
  const { jobNumber, ids } = await insertSendingJob(world.database, { recipients: 1 });
  const [a = ''] = ids;
  await world.messaging.publishMany([deferred(a)]);
  await recordAll(1);
  await sendAgain(world.database, ids);
  await world.messaging.publishMany([deferred(a), sent(a, 2)]);
  expect(await recordAll(2)).toEqual({ applied: 1, stale: 1 });
  expect(await countsOf(world.database, jobNumber)).toEqual({ sent: 1 });
  expect((await logOf(jobNumber)).map(({ attempt, status }) => [attempt, status])).toEqual([
    [1, 'deferred'],
    [2, 'sent'],
  ]);
});

test('an outcome that cannot be stored is set aside alone; odd text in a reply is no reason', async () => {
  const { jobNumber, ids } = await insertSendingJob(world.database, { recipients: 5 });
  const [a = '', b = '', c = '', d = '', e = ''] = ids;
  await world.messaging.publishMany([
    sent(a),
    deferred(b, 'a nul \u0000 and half a pair \ud83d'),
    sent('9999999999999999999'),
    sent(c),
    failed(d),
    sent(e),
  ]);
  await using _service = await startService(world);
  await until(async () => (await world.messaging.listParked(10)).length > 0 && (await logOf(jobNumber)).length === 5);
  expect(await countsOf(world.database, jobNumber)).toEqual({ sent: 3, failed: 1, deferred: 1 });
  expect((await logOf(jobNumber))[1]?.reply).toBe('451 a nul  and half a pair \ufffd');
  expect(await world.messaging.listParked(10)).toMatchObject([{ reason: 'the outcome cannot be stored' }]);
});

test('an outcome of a job that is gone is dropped', async () => {
  await world.messaging.publishMany([deferred('123456789012345')]);
  expect(await recordAll(1)).toEqual({ applied: 0, stale: 1 });
});
