import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { recordOutcomes, type Database } from '@mxflow/db';
import type { Outgoing } from '@mxflow/messaging';

import { startReceiver } from './receiver.ts';
import { startProcess } from './service-process.ts';
import {
  countsOf,
  insertEndpoint,
  insertSendingJob,
  insertTenant,
  moveClock,
  openTestWorld,
  until,
  type TestWorld,
} from './world.ts';

// Every life of a process costs a start.
vi.setConfig({ testTimeout: 240_000 });

let world: TestWorld;
let database: Database;
beforeAll(async () => {
  world = await openTestWorld();
  ({ database } = world);
});
afterAll(() => world[Symbol.asyncDispose]());

test('killed -9 again and again amid 2,000 outcomes: each has its effects exactly once', async () => {
  const tenantId = await insertTenant(database);
  const endpointId = await insertEndpoint(database, { url: 'http://127.0.0.1:9/', tenantId });
  await database.client.webhookEndpoint.update({
    where: { id: endpointId },
    data: { nextAt: new Date(Date.now() + 86_400_000) },
  });
  const { jobNumber, ids } = await insertSendingJob(database, { recipients: 2_000, tenantId });
  const outcomes = ids.map((messageId, index): Outgoing => {
    const facts = { messageId, attempt: 1, at: Date.now() };
    if (index % 10 === 0) {
      const reply = { code: 550, enhanced: '5.1.1', lines: ['5.1.1 No such user'] };
      return { key: 'delivery.failed.v1', body: { ...facts, result: { kind: 'refused', reply } } };
    }
    if (index % 10 === 1) {
      return { key: 'delivery.deferred.v1', body: { ...facts, result: { kind: 'unreachable', because: 'refused' } } };
    }
    return { key: 'delivery.sent.v1', body: { ...facts, reply: { code: 250, lines: ['Ok'] } } };
  });
  await world.messaging.publishMany(outcomes);
  const logged = () => database.client.deliveryLog.count({ where: { jobId: BigInt(jobNumber) } });
  // Small batches, so that each life is cut off in the middle of some.
  const settings = { MXFLOW_OUTCOME_BATCH: '20' };
  let lives = 0;
  for (const enough of [300, 1_200]) {
    await using child = startProcess(world, settings);
    await until(async () => (await logged()) >= enough);
    await child.kill();
    lives += (await logged()) < 2_000 ? 1 : 0;
  }
  expect(lives).toBeGreaterThan(0);
  await using _last = startProcess(world, settings);
  await until(async () => (await logged()) >= 2_000);
  await until(async () => (await world.messaging.queueDepth('outcomes')) === 0);
  expect(await countsOf(database, jobNumber)).toEqual({ sent: 1_600, failed: 200, deferred: 200 });
  const [unique] = await database.client.$queryRawUnsafe<object[]>(
    `SELECT (SELECT count(DISTINCT (message_id, attempt)) FROM delivery_log WHERE job_id = $1::bigint)::int AS logged,
       (SELECT count(*) FROM delivery_log WHERE job_id = $1::bigint)::int AS "logRows",
       (SELECT count(DISTINCT (message_id, event)) FROM webhook_outbox WHERE endpoint_id = $2::int)::int AS told,
       (SELECT count(*) FROM webhook_outbox WHERE endpoint_id = $2::int)::int AS "outboxRows",
       (SELECT count(*) FROM work WHERE job_id = $1::bigint AND state = 'waiting' AND attempt = 2)::int AS waiting`,
    jobNumber,
    endpointId,
  );
  expect(unique).toEqual({ logged: 2_000, logRows: 2_000, told: 2_000, outboxRows: 2_000, waiting: 200 });
});

test('killed between a delivery and its answer: told again once the lease is over, by the same ids', async () => {
  await using receiver = await startReceiver(() => {});
  const tenantId = await insertTenant(database);
  const endpointId = await insertEndpoint(database, { url: receiver.url, tenantId });
  const { ids } = await insertSendingJob(database, { recipients: 3, tenantId });
  await recordOutcomes(
    database,
    ids.map((messageId) => ({ messageId, attempt: 1, status: 'sent', inDoubt: false })),
  );
  await using first = startProcess(world);
  await until(() => receiver.requests.length === 1);
  await first.kill();
  receiver.answer = 204;
  await moveClock(database, '31 seconds');
  await using _second = startProcess(world);
  await until(async () => (await database.client.webhookOutbox.count({ where: { endpointId } })) === 0);
  const told = receiver.requests.map(({ events }) => events.map(({ id }) => id));
  expect(told).toHaveLength(2);
  expect(told[1]).toEqual(told[0]);
});
