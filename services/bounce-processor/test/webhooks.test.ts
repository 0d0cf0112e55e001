import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { recordOutcomes, type Database, type RecordedOutcome } from '@mxflow/db';
import type { MessageId } from '@mxflow/domain';

import { startReceiver, type Receiver, type ToldEvent } from './receiver.ts';
import { startService } from './service-in-process.ts';
import {
  insertEndpoint,
  insertSendingJob,
  insertTenant,
  moveClock,
  openTestWorld,
  sendAgain,
  until,
  type TestWorld,
} from './world.ts';

let world: TestWorld;
let database: Database;
beforeAll(async () => {
  world = await openTestWorld();
  ({ database } = world);
});
afterAll(() => world[Symbol.asyncDispose]());

const sentOnce = (messageId: MessageId, attempt = 1): RecordedOutcome => ({
  messageId,
  attempt,
  status: 'sent',
  replyCode: 250,
  reply: '250 Ok',
  inDoubt: false,
});
const deferredOnce = (messageId: MessageId, attempt = 1): RecordedOutcome => ({
  messageId,
  attempt,
  status: 'deferred',
  dueAt: Date.now() + 3_600_000,
  waitReason: 'retry',
  failureType: 'soft',
  failureReason: 'mailbox-full',
  replyCode: 452,
  enhancedStatus: '4.2.2',
  reply: '452 4.2.2 Full',
  inDoubt: false,
});
const waitingFor = (endpointId: number) => database.client.webhookOutbox.count({ where: { endpointId } });
const endpointOf = (id: number) => database.client.webhookEndpoint.findUniqueOrThrow({ where: { id } });

test('events arrive signed, complete, at most 200 in a request, and in order for each message', async () => {
  await using receiver = await startReceiver();
  const tenantId = await insertTenant(database);
  const endpointId = await insertEndpoint(database, { url: receiver.url, tenantId });
  const { ids, publicId } = await insertSendingJob(database, { recipients: 250, tenantId });
  await recordOutcomes(
    database,
    ids.map((id) => deferredOnce(id)),
  );
  await sendAgain(database, ids);
  await recordOutcomes(
    database,
    ids.toReversed().map((id) => sentOnce(id, 2)),
  );
  await using service = await startService(world);
  await until(async () => (await waitingFor(endpointId)) === 0);
  expect(receiver.requests.map(({ events }) => events.length)).toEqual([200, 200, 100]);
  expect(receiver.mostAtOnce()).toBe(1);
  expect(new Set(receiver.events.map(({ id }) => id)).size).toBe(500);
  const { at, sequence, ...told } = receiver.events.find(
    ({ id }) => id === `${publicId}-7/1/message.deferred`,
  ) as ToldEvent;
  expect(told).toEqual({
    id: `${publicId}-7/1/message.deferred`,
    event: 'message.deferred',
    job: publicId,
    message: `${publicId}-7`,
    address: 'r7@example.net',
    attempt: 1,
    type: 'soft',
    reason: 'mailbox-full',
    replyCode: 452,
    enhancedStatus: '4.2.2',
    reply: '452 4.2.2 Full',
    tracking: { campaign: 'spring' },
  });
  expect([typeof sequence, Math.abs(Date.parse(String(at)) - Date.now()) < 60_000]).toEqual(['number', true]);
  const courses = Map.groupBy(receiver.events, ({ message }) => message);
  for (const course of courses.values()) {
    expect(course.map(({ event }) => event)).toEqual(['message.deferred', 'message.sent']);
    expect((course[0]?.sequence ?? 0) < (course[1]?.sequence ?? 0)).toBe(true);
  }
  expect(await service.metricsText()).toMatch(/mxflow_webhook_deliveries_total\{[^}]*result="delivered"[^}]*\} 3/);
});

test('an endpoint hears only of what it asked for, and nothing of other tenants', async () => {
  await using receiver = await startReceiver();
  const tenantId = await insertTenant(database);
  await insertEndpoint(database, { url: receiver.url, tenantId, events: ['message.sent'] });
  const mine = await insertSendingJob(database, { recipients: 2, tenantId });
  const others = await insertSendingJob(database, { recipients: 1 });
  const [a = '' as MessageId, b = '' as MessageId] = mine.ids;
  await recordOutcomes(database, [deferredOnce(a), sentOnce(b), ...others.ids.map((id) => sentOnce(id))]);
  await using _service = await startService(world);
  await until(() => receiver.events.length > 0);
  expect(receiver.events.map(({ message, event }) => [message, event])).toEqual([
    [`${mine.publicId}-1`, 'message.sent'],
  ]);
});

test('endpoints that never answer delay nobody else', async () => {
  // Takes connections and says nothing, on them or after them.
  const mute = createServer(() => {}).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}/`;
  await using receiver = await startReceiver();
  const tenantId = await insertTenant(database);
  const dead = await Promise.all(Array.from({ length: 30 }, () => insertEndpoint(database, { url, tenantId })));
  await insertEndpoint(database, { url: receiver.url, tenantId });
  const first = await insertSendingJob(database, { recipients: 300, tenantId });
  await recordOutcomes(
    database,
    first.ids.map((id) => sentOnce(id)),
  );
  await using service = await startService(world);
  const startedAt = performance.now();
  await until(() => receiver.events.length === 300);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  // All of them have failed by now and are left alone for a while; the next events wait for none of them.
  await until(async () => (await endpointOf(dead[0] ?? 0)).failures === 1);
  const second = await insertSendingJob(database, { recipients: 10, tenantId });
  const beganAt = performance.now();
  await recordOutcomes(
    database,
    second.ids.map((id) => sentOnce(id)),
  );
  await until(() => receiver.events.length === 310);
  expect(performance.now() - beganAt).toBeLessThan(5_000);
  expect(service.lines.find(({ msg }) => msg === 'webhook not delivered')).toMatchObject({ failures: 1, events: 200 });
  await database.client.webhookEndpoint.deleteMany({ where: { id: { in: dead } } });
  mute.close();
});

test('a failure is tried again later, longer each time; a redirect is one, and is not followed', async () => {
  await using elsewhere = await startReceiver();
  await using receiver = await startReceiver((response) => response.writeHead(307, { location: elsewhere.url }).end());
  const tenantId = await insertTenant(database);
  const endpointId = await insertEndpoint(database, { url: receiver.url, tenantId });
  const { ids } = await insertSendingJob(database, { recipients: 3, tenantId });
  await recordOutcomes(
    database,
    ids.map((id) => sentOnce(id)),
  );
  await using _service = await startService(world);
  await until(async () => (await endpointOf(endpointId)).failures === 1);
  const { nextAt, sender } = await endpointOf(endpointId);
  const waitMs = nextAt.getTime() - Date.now();
  expect([waitMs > 4_000, waitMs < 13_000, sender]).toEqual([true, true, null]);
  await moveClock(database, '15 seconds');
  receiver.answer = (response) => response.writeHead(500).end('no');
  await until(async () => (await endpointOf(endpointId)).failures === 2);
  expect((await endpointOf(endpointId)).nextAt.getTime() - Date.now() - 15_000).toBeGreaterThan(14_000);
  await moveClock(database, '45 seconds');
  receiver.answer = 200;
  await until(async () => (await waitingFor(endpointId)) === 0);
  await until(async () => (await endpointOf(endpointId)).failures === 0);
  expect(receiver.requests.map(({ events }) => events.map(({ id }) => id))).toEqual(
    Array.from({ length: 3 }, () => receiver.requests[0]?.events.map(({ id }) => id)),
  );
  expect(elsewhere.requests).toHaveLength(0);
  await moveClock(database, '0 seconds');
});

test('410 disables the endpoint', async () => {
  await using receiver = await startReceiver(410);
  const tenantId = await insertTenant(database);
  const endpointId = await insertEndpoint(database, { url: receiver.url, tenantId });
  const { ids } = await insertSendingJob(database, { recipients: 2, tenantId });
  await recordOutcomes(database, [sentOnce(ids[0] ?? ('' as MessageId))]);
  await using service = await startService(world);
  await until(async () => (await endpointOf(endpointId)).disabledAt !== null);
  await recordOutcomes(database, [sentOnce(ids[1] ?? ('' as MessageId))]);
  expect(await waitingFor(endpointId)).toBe(1);
  expect(service.lines.map(({ msg }) => msg)).toContain('webhook endpoint is gone, disabled');
});

test('events that are too old are dropped, counted and logged; newer ones still go out', async () => {
  await using receiver = await startReceiver(503);
  const tenantId = await insertTenant(database);
  const endpointId = await insertEndpoint(database, { url: receiver.url, tenantId });
  const { ids } = await insertSendingJob(database, { recipients: 2_105, tenantId });
  await recordOutcomes(
    database,
    ids.slice(0, 2_100).map((id) => sentOnce(id)),
  );
  await moveClock(database, '73 hours');
  await recordOutcomes(
    database,
    ids.slice(2_100).map((id) => sentOnce(id)),
  );
  receiver.answer = 200;
  await database.client.$executeRawUnsafe(`UPDATE webhook_endpoints SET next_at = mxflow_now() + interval '5 seconds'
    WHERE id = ${endpointId}`);
  await using service = await startService(world);
  await until(async () => (await waitingFor(endpointId)) === 0);
  expect(receiver.events).toHaveLength(5);
  const dropped = service.lines.filter(
    ({ msg, endpointId: id }) => msg.startsWith('webhook events dropped') && id === endpointId,
  );
  expect(dropped.map(({ events }) => events)).toEqual([1000, 1000, 100]);
  expect(await service.metricsText()).toMatch(/mxflow_webhook_deliveries_total\{[^}]*result="given_up"[^}]*\} 2\d\d\d/);
  await moveClock(database, '0 seconds');
});

test('several processes share endpoints: one request at a time each, every event once', async () => {
  const tenantId = await insertTenant(database);
  await using made = new AsyncDisposableStack();
  const receivers: Receiver[] = [];
  for (let index = 0; index < 6; index += 1) {
    const receiver = made.use(await startReceiver((response) => setTimeout(() => response.writeHead(200).end(), 5)));
    receivers.push(receiver);
    await insertEndpoint(database, { url: receiver.url, tenantId });
  }
  for (let count = 0; count < 3; count += 1) made.use(await startService(world, { MXFLOW_WEBHOOK_CONCURRENCY: '2' }));
  for (let round = 0; round < 5; round += 1) {
    const { ids } = await insertSendingJob(database, { recipients: 300, tenantId });
    await recordOutcomes(
      database,
      ids.map((id) => sentOnce(id)),
    );
  }
  await until(() => receivers.every(({ events }) => events.length >= 1500));
  for (const receiver of receivers) {
    expect(receiver.mostAtOnce()).toBe(1);
    expect(new Set(receiver.events.map(({ id }) => id)).size).toBe(1500);
    expect(receiver.events).toHaveLength(1500);
  }
});

test('a secret sealed under another MXFLOW_SECRET sends nothing', async () => {
  await using receiver = await startReceiver();
  const tenantId = await insertTenant(database);
  const endpointId = await insertEndpoint(database, { url: receiver.url, tenantId });
  const { ids } = await insertSendingJob(database, { recipients: 1, tenantId });
  await recordOutcomes(
    database,
    ids.map((id) => sentOnce(id)),
  );
  await using _service = await startService(world, { MXFLOW_SECRET: 'another secret, of thirty-two letters' });
  await until(async () => (await endpointOf(endpointId)).failures === 1);
  expect(receiver.requests).toHaveLength(0);
});
