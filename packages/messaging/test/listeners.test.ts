import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { connect } from 'amqplib';
import { expect, test } from 'vitest';

import { BrokerUnreachableError, connectMessaging, done, later, park, type Verdict } from '../src/index.ts';
import { Diary, messagingInWorld, POLL, requested } from './diary.ts';

test('control messages reach every process, and nobody listening is no fault', async () => {
  await using one = await messagingInWorld();
  await one.publish('job.state-changed.v1', { jobNumber: '7', state: 'paused' });
  await using other = await connectMessaging({ url: one.url, name: 'other' });
  const diary = new Diary<string>();
  await one.consumeControl(({ body }) => diary.write(`one ${body.state}`));
  await other.consumeControl(({ body }) => {
    diary.write(`other ${body.state}`);
    throw new Error('a hint that cannot be taken is forgotten');
  });
  await one.publish('job.state-changed.v1', { jobNumber: '7', state: 'cancelled' });
  expect((await diary.holds(2)).toSorted()).toEqual(['one cancelled', 'other cancelled']);
});

test('the trace of the publisher goes on in the handler', async () => {
  const contexts = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(contexts);
  await using messaging = await messagingInWorld();
  const diary = new Diary<unknown>();
  await messaging.consume({
    queue: 'prepare',
    prefetch: 1,
    async handler({ body, traceparent }) {
      await Promise.resolve();
      diary.write({ chunk: body.chunk, traceparent, spanId: trace.getActiveSpan()?.spanContext().spanId });
      return done;
    },
  });
  const spanContext = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 };
  await context.with(trace.setSpanContext(context.active(), spanContext), () =>
    messaging.publish('job.chunk-accepted.v1', { jobNumber: '7', chunk: 0 }),
  );
  const given = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';
  await messaging.publish('job.chunk-accepted.v1', { jobNumber: '7', chunk: 1 }, { traceparent: given });
  await messaging.publish('job.chunk-accepted.v1', { jobNumber: '7', chunk: 2 });
  expect(await diary.holds(3)).toEqual([
    { chunk: 0, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', spanId: 'b7ad6b7169203331' },
    { chunk: 1, traceparent: given, spanId: '00f067aa0ba902b7' },
    { chunk: 2, traceparent: undefined, spanId: undefined },
  ]);
  context.disable();
});

test('deliverTwice gives every message to its handler twice, after one another and at once', async () => {
  await using messaging = await messagingInWorld({ deliverTwice: true });
  const queue = await messaging.declareLane(2);
  const diary = new Diary<string>();
  const consumption = await messaging.consume({
    queue,
    prefetch: 10,
    async handler({ body, redelivered }): Promise<Verdict> {
      const before = diary.entries.filter((id) => id === body.messageId).length;
      diary.write(body.messageId);
      expect(redelivered).toBe(false);
      if (body.messageId === '3' && before === 0) return later(10);
      return body.messageId === '4' ? park('because') : done;
    },
  });
  for (const id of ['1', '2', '3', '4']) await messaging.publish('delivery.requested.v1', requested(id), { queue });
  await diary.until(
    (entries) => entries.filter((id) => id === '3').length === 3 && entries.filter((id) => id === '2').length === 2,
  );
  await consumption.stop();
  expect(diary.entries.filter((id) => id === '1')).toHaveLength(2);
  await expect.poll(() => messaging.queueDepth(queue), POLL).toBe(0);
  await expect.poll(() => messaging.queueDepth('parked'), POLL).toBe(1);
});

test('a lane deleted while consumed is not made again by its consumer, which goes on when it comes back', async () => {
  await using messaging = await messagingInWorld();
  const queue = await messaging.declareLane(3);
  const diary = new Diary<string>();
  await messaging.consume({
    queue,
    prefetch: 10,
    async handler({ body }) {
      diary.write(body.messageId);
      return done;
    },
  });
  await messaging.deleteLane(3);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  await expect.poll(() => messaging.queueDepth(queue), POLL).toBeUndefined();
  await expect.poll(() => messaging.health(), POLL).toEqual({ publishing: true, consuming: true, blocked: false });
  await messaging.declareLane(3);
  await messaging.publish('delivery.requested.v1', requested('1'), { queue });
  expect(await diary.holds(1)).toEqual(['1']);
});

test('a queue deleted under a consumer is declared again, a lost exchange too', async () => {
  await using messaging = await messagingInWorld();
  const diary = new Diary<number>();
  await messaging.consume({
    queue: 'prepare',
    prefetch: 10,
    async handler({ body }) {
      diary.write(body.chunk);
      return done;
    },
  });
  const raw = await connect(messaging.url);
  const channel = await raw.createChannel();
  await channel.deleteQueue('prepare');
  // Refused until the queue is there again, with its bindings.
  const publish = () => messaging.publish('job.chunk-accepted.v1', { jobNumber: '7', chunk: 1 });
  await expect.poll(() => publish().then(() => 'taken', String), POLL).toBe('taken');
  expect(await diary.holds(1)).toEqual([1]);
  await channel.deleteExchange('mxflow');
  await channel.deleteQueue('prepare');
  await raw.close();
  await messaging.publish('job.chunk-accepted.v1', { jobNumber: '7', chunk: 2 });
  expect(await diary.holds(2)).toEqual([1, 2]);
});

test('no broker within the time given is an error by name', async () => {
  const hopeless = connectMessaging({
    url: 'amqp://guest:guest@127.0.0.1:1',
    name: 'test',
    firstConnectTimeoutMs: 300,
  });
  await expect(hopeless).rejects.toBeInstanceOf(BrokerUnreachableError);
});
