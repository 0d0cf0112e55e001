import { connect } from 'amqplib';
import { expect, test } from 'vitest';

import { ContractError, done, later, park, UnroutableError, type Verdict } from '../src/index.ts';
import { Diary, messagingInWorld, POLL, requested, sent } from './diary.ts';

test('a published message is confirmed, consumed and acknowledged', async () => {
  await using messaging = await messagingInWorld();
  await messaging.publish('job.chunk-accepted.v1', { jobNumber: '7', chunk: 3 });
  await expect.poll(() => messaging.queueDepth('prepare'), POLL).toBe(1);
  const diary = new Diary<unknown>();
  const consumption = await messaging.consume({
    queue: 'prepare',
    prefetch: 10,
    async handler({ key, body, redelivered }) {
      diary.write({ key, body, redelivered });
      return done;
    },
  });
  expect(await diary.holds(1)).toEqual([
    { key: 'job.chunk-accepted.v1', body: { jobNumber: '7', chunk: 3 }, redelivered: false },
  ]);
  await consumption.stop();
  await expect.poll(() => messaging.queueDepth('prepare'), POLL).toBe(0);
  expect(messaging.unconfirmed).toBe(0);
});

test('later: the same message comes again after its delay, not as redelivered', async () => {
  await using messaging = await messagingInWorld();
  const diary = new Diary<{ readonly at: number; readonly redelivered: boolean }>();
  await messaging.consume({
    queue: 'prepare',
    prefetch: 1,
    async handler({ redelivered }) {
      diary.write({ at: Date.now(), redelivered });
      return diary.entries.length < 3 ? later(100) : done;
    },
  });
  await messaging.publish('job.chunk-accepted.v1', { jobNumber: '7', chunk: 0 });
  const [first, second, third] = await diary.holds(3);
  expect(second!.at - first!.at).toBeGreaterThanOrEqual(95);
  expect([first, second, third].map((entry) => entry?.redelivered)).toEqual([false, false, false]);
});

test('a throw means later', async () => {
  await using messaging = await messagingInWorld();
  const diary = new Diary<number>();
  await messaging.consume({
    queue: 'prepare',
    prefetch: 1,
    async handler() {
      diary.write(Date.now());
      if (diary.entries.length === 1) throw new Error('database away');
      return done;
    },
  });
  await messaging.publish('job.chunk-accepted.v1', { jobNumber: '7', chunk: 0 });
  await diary.holds(2);
});

test('a batch gathers, and each of its messages gets its own verdict', async () => {
  await using messaging = await messagingInWorld();
  const diary = new Diary<readonly string[]>();
  const consumption = await messaging.consumeBatch({
    queue: 'outcomes',
    prefetch: 100,
    maxBatch: 50,
    maxWaitMs: 2_000,
    async handler(messages) {
      const again = diary.entries.length > 0;
      diary.write(messages.map(({ body }) => body.messageId));
      return messages.map(({ body }): Verdict => {
        if (body.messageId === '7' && !again) return later(20);
        return body.messageId === '13' ? park('never liked it') : done;
      });
    },
  });
  await messaging.publishMany(
    Array.from({ length: 60 }, (_, index) => ({ key: 'delivery.sent.v1', body: sent(String(index + 1)) }) as const),
  );
  const batches = await diary.until((entries) => entries.flat().length >= 61);
  expect(batches[0]).toHaveLength(50);
  expect(batches.flat().filter((id) => id === '7')).toHaveLength(2);
  await consumption.stop();
  await expect.poll(() => messaging.queueDepth('outcomes'), POLL).toBe(0);
  await expect
    .poll(() => messaging.listParked(10), POLL)
    .toMatchObject([
      { key: 'delivery.sent.v1', queue: 'outcomes', reason: 'never liked it', content: JSON.stringify(sent('13')) },
    ]);
});

test('the wrong number of verdicts settles nothing', async () => {
  await using messaging = await messagingInWorld();
  const diary = new Diary<number>();
  await messaging.consumeBatch({
    queue: 'outcomes',
    prefetch: 10,
    maxBatch: 2,
    maxWaitMs: 10,
    async handler(messages) {
      diary.write(messages.length);
      return diary.entries.length === 1 ? [done] : messages.map(() => done);
    },
  });
  await messaging.publishMany([
    { key: 'delivery.sent.v1', body: sent('1') },
    { key: 'delivery.sent.v1', body: sent('2') },
  ]);
  await diary.until((entries) => entries.reduce((sum, count) => sum + count, 0) >= 4);
});

test('what is unsettled when a consumption stops comes again as redelivered', async () => {
  await using messaging = await messagingInWorld();
  const queue = await messaging.declareLane(5);
  await messaging.publish('delivery.requested.v1', requested('1'), { queue });
  const diary = new Diary<boolean>();
  const stuck = await messaging.consume({
    queue,
    prefetch: 10,
    handler({ redelivered }) {
      diary.write(redelivered);
      return new Promise(() => {});
    },
  });
  await diary.holds(1);
  await stuck.stop(50);
  await messaging.consume({
    queue,
    prefetch: 10,
    async handler({ redelivered }) {
      diary.write(redelivered);
      return done;
    },
  });
  expect(await diary.holds(2)).toEqual([false, true]);
});

test('poison is parked without troubling the handler, and can be replayed', async () => {
  await using messaging = await messagingInWorld();
  const raw = await connect(messaging.url);
  const channel = await raw.createConfirmChannel();
  const throwIn = (type: string, content: string | Buffer): unknown =>
    channel.sendToQueue('prepare', Buffer.from(content), { type });
  throwIn('job.chunk-accepted.v1', '{"jobNumber":');
  throwIn('job.chunk-accepted.v1', '{"jobNumber":"7","chunk":-1}');
  throwIn('delivery.sent.v1', JSON.stringify(sent('1')));
  throwIn('job.chunk-accepted.v1', Buffer.alloc(300 * 1024, 'x'));
  await channel.waitForConfirms();
  await raw.close();
  const seen = new Diary<number>();
  const consumption = await messaging.consume({
    queue: 'prepare',
    prefetch: 10,
    async handler({ body }) {
      seen.write(body.chunk);
      return done;
    },
  });
  await messaging.publish('job.chunk-accepted.v1', { jobNumber: '7', chunk: 9 });
  expect(await seen.holds(1)).toEqual([9]);
  await consumption.stop();
  const parked = await messaging.listParked(10);
  expect(parked.map(({ reason }) => reason).toSorted()).toEqual([
    'invalid-json',
    'schema-mismatch',
    'too-large',
    'unknown-key',
  ]);
  expect(parked.find(({ reason }) => reason === 'schema-mismatch')?.error).toMatch('/chunk');
  // Listed, they are still there.
  await expect.poll(() => messaging.queueDepth('parked'), POLL).toBe(4);
  expect(await messaging.replayParked(3)).toEqual({ replayed: 3, kept: 0 });
  await expect.poll(() => messaging.queueDepth('prepare'), POLL).toBe(3);
});

test('a parked message whose lane is gone stays parked', async () => {
  await using messaging = await messagingInWorld();
  const queue = await messaging.declareLane(9);
  await messaging.publish('delivery.requested.v1', requested('1'), { queue });
  const parkings = new Diary<string>();
  const consumption = await messaging.consume({
    queue,
    prefetch: 1,
    async handler() {
      parkings.write('parked');
      return park('because');
    },
  });
  await parkings.holds(1);
  await consumption.stop();
  await messaging.deleteLane(9);
  expect(await messaging.replayParked(10)).toEqual({ replayed: 0, kept: 1 });
  await expect.poll(() => messaging.queueDepth('parked'), POLL).toBe(1);
  await expect.poll(() => messaging.queueDepth('lane.9'), POLL).toBeUndefined();
});

test('what no queue takes, and what breaks its contract, is refused by name', async () => {
  await using messaging = await messagingInWorld();
  await expect(
    messaging.publish('delivery.requested.v1', requested('1'), { queue: 'lane.404' }),
  ).rejects.toBeInstanceOf(UnroutableError);
  await expect(messaging.publish('delivery.requested.v1', requested('1'))).rejects.toMatchObject({
    code: 'MXFLOW_UNROUTABLE',
  });
  await expect(messaging.publish('job.chunk-accepted.v1', { jobNumber: 'seven', chunk: 0 })).rejects.toBeInstanceOf(
    ContractError,
  );
  await expect(
    messaging.publishMany([
      { key: 'job.chunk-accepted.v1', body: { jobNumber: '1', chunk: 0 } },
      { key: 'job.chunk-accepted.v1', body: { jobNumber: '', chunk: 0 } },
      { key: 'job.chunk-accepted.v1', body: { jobNumber: '1', chunk: 1 } },
    ]),
  ).rejects.toThrow('/jobNumber');
  await expect.poll(() => messaging.queueDepth('prepare'), POLL).toBe(2);
  expect(messaging.unconfirmed).toBe(0);
});

test('more than may be unconfirmed waits its turn', async () => {
  await using messaging = await messagingInWorld({ maxUnconfirmed: 10 });
  const all = Array.from({ length: 200 }, (_, chunk) =>
    messaging.publish('job.chunk-accepted.v1', { jobNumber: '7', chunk }),
  );
  expect(messaging.unconfirmed).toBeLessThanOrEqual(10);
  await Promise.all(all);
  await messaging.publishMany(
    Array.from(
      { length: 100 },
      (_, chunk) => ({ key: 'job.chunk-accepted.v1', body: { jobNumber: '8', chunk } }) as const,
    ),
  );
  await expect.poll(() => messaging.queueDepth('prepare'), POLL).toBe(300);
  expect(messaging.unconfirmed).toBe(0);
});

test('two thousand held at once, more after the prefetch grows, and settled in any order', async () => {
  await using messaging = await messagingInWorld();
  const queue = await messaging.declareLane(1);
  await messaging.publishMany(
    Array.from(
      { length: 3_000 },
      (_, index) => ({ key: 'delivery.requested.v1', body: requested(String(index + 1)), queue }) as const,
    ),
  );
  const held = new Diary<{ readonly id: string; readonly settle: (verdict: Verdict) => void }>();
  const consumption = await messaging.consume({
    queue,
    prefetch: 2_000,
    handler: ({ body }) => new Promise<Verdict>((settle) => held.write({ id: body.messageId, settle })),
  });
  await held.holds(2_000);
  await consumption.setPrefetch(1_500);
  await held.holds(3_000);
  const shuffled = held.entries.toSorted((one, other) =>
    Number(BigInt.asUintN(8, BigInt(one.id) * 167n) - BigInt.asUintN(8, BigInt(other.id) * 167n)),
  );
  for (const [index, { settle }] of shuffled.entries()) {
    settle(done);
    if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await consumption.stop();
  await expect.poll(() => messaging.queueDepth(queue), POLL).toBe(0);
  expect(new Set(held.entries.map(({ id }) => id)).size).toBe(3_000);
});
