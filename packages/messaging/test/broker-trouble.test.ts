import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { openStateFolder, startRabbit, type RabbitServer } from '@mxflow/infra/servers';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { connectMessaging, done, type Messaging } from '../src/index.ts';
import { Diary, POLL, requested, sent } from './diary.ts';

const stack = new AsyncDisposableStack();
let rabbit: RabbitServer;

beforeAll(async () => {
  const folder = stack.use(openStateFolder());
  rabbit = stack.use(await startRabbit({ folder, durability: 'process-death' }));
});

afterAll(() => stack.disposeAsync());

test(
  'a broker restarted while 5,000 messages are published and consumed loses none',
  { timeout: 120_000 },
  async () => {
    await using messaging = await connectMessaging({ url: rabbit.url, name: 'restart' });
    const seen = new Map<string, number>();
    const diary = new Diary<string>();
    await messaging.consumeBatch({
      queue: 'outcomes',
      prefetch: 500,
      maxBatch: 200,
      maxWaitMs: 20,
      async handler(messages) {
        await sleep(5);
        for (const { body } of messages) {
          seen.set(body.messageId, (seen.get(body.messageId) ?? 0) + 1);
          if (seen.size === 1_500) diary.write('well under way');
        }
        if (seen.size === TOTAL) diary.write('all');
        return messages.map(() => done);
      },
    });
    const publishing = publishSlowly(messaging, TOTAL);
    await diary.holds(1);
    await rabbit.restart();
    await publishing;
    await diary.until((entries) => entries.includes('all'), 60_000);
    const twice = [...seen.values()].filter((count) => count > 1).length;
    expect(seen.size).toBe(TOTAL);
    // At least once: what was in hand or unconfirmed at the restart may have come twice, and no more than that.
    expect(twice).toBeLessThanOrEqual(500 + 1_000);
    expect(messaging.unconfirmed).toBe(0);
  },
);

test('killed instead, messages that were confirmed or are yet to be still arrive', { timeout: 120_000 }, async () => {
  await using messaging = await connectMessaging({ url: rabbit.url, name: 'kill' });
  const publishing = publishSlowly(messaging, 2_000);
  await sleep(100);
  await rabbit.kill();
  const meanwhile = messaging.publish('delivery.sent.v1', sent('999999'));
  expect(await Promise.race([meanwhile.then(() => 'confirmed'), sleep(300).then(() => 'waiting')])).toBe('waiting');
  await expect.poll(() => messaging.health(), POLL).toMatchObject({ publishing: false, consuming: false });
  await rabbit.restart();
  await publishing;
  await meanwhile;
  const seen = new Diary<string>();
  await messaging.consume({
    queue: 'outcomes',
    prefetch: 1_000,
    async handler({ body }) {
      seen.write(body.messageId);
      return done;
    },
  });
  await seen.until((entries) => new Set(entries).size === 2_001);
});

test(
  'a broker that lost its data has its topology declared again, and everything goes on',
  { timeout: 120_000 },
  async () => {
    await using messaging = await connectMessaging({ url: rabbit.url, name: 'wipe' });
    const queue = await messaging.declareLane(1);
    const idle = await messaging.declareLane(2);
    const diary = new Diary<string>();
    await messaging.consume({
      queue,
      prefetch: 10,
      async handler({ body }) {
        diary.write(`lane ${body.messageId}`);
        return done;
      },
    });
    await messaging.consume({
      queue: 'prepare',
      prefetch: 10,
      async handler({ body }) {
        diary.write(`chunk ${body.chunk}`);
        return done;
      },
    });
    await messaging.consumeControl(({ body }) => diary.write(body.state));
    await messaging.publish('delivery.requested.v1', requested('1'), { queue });
    await diary.holds(1);
    const wiped = rabbit.wipe();
    const published = Promise.all([
      messaging.publish('delivery.requested.v1', requested('2'), { queue }),
      messaging.publish('delivery.requested.v1', requested('3'), { queue: idle }),
      messaging.publish('job.chunk-accepted.v1', { jobNumber: '7', chunk: 4 }),
    ]);
    await wiped;
    await published;
    await diary.until((entries) => entries.includes('lane 2') && entries.includes('chunk 4'));
    await untilTrue(() => messaging.health().consuming);
    await messaging.publish('job.state-changed.v1', { jobNumber: '7', state: 'paused' });
    await diary.until((entries) => entries.includes('paused'));
    await expect.poll(() => messaging.queueDepth(idle), POLL).toBe(1);
  },
);

test('an alarm blocks publishing, and consuming goes on', { timeout: 120_000 }, async () => {
  const blockades = new Diary<string | undefined>();
  await using messaging = await connectMessaging({
    url: rabbit.url,
    name: 'alarm',
    onBlocked: (reason) => blockades.write(reason),
  });
  await messaging.publishMany(
    Array.from(
      { length: 50 },
      (_, chunk) => ({ key: 'job.chunk-accepted.v1', body: { jobNumber: '7', chunk } }) as const,
    ),
  );
  await evaluate(rabbit, 'rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []}).');
  const held = messaging.publish('job.chunk-accepted.v1', { jobNumber: '8', chunk: 0 });
  await blockades.holds(1);
  expect(messaging.blocked).toBe(true);
  expect(messaging.unconfirmed).toBe(1);
  const chunks = new Diary<string>();
  await messaging.consume({
    queue: 'prepare',
    prefetch: 10,
    async handler({ body }) {
      chunks.write(`${body.jobNumber} ${body.chunk}`);
      return done;
    },
  });
  await chunks.holds(50);
  expect(messaging.unconfirmed).toBe(1);
  await evaluate(rabbit, 'rabbit_alarm:clear_alarm({resource_limit, memory, node()}).');
  await held;
  await blockades.holds(2);
  expect(blockades.entries).toEqual([expect.any(String), undefined]);
  await chunks.until((entries) => entries.includes('8 0'));
  await expect.poll(() => messaging.health(), POLL).toEqual({ publishing: true, consuming: true, blocked: false });
});

test('a frozen broker is noticed by its silence', { timeout: 120_000 }, async () => {
  await using messaging = await connectMessaging({ url: `${rabbit.url}?heartbeat=1`, name: 'frozen' });
  rabbit.signal('SIGSTOP');
  const published = messaging.publish('job.chunk-accepted.v1', { jobNumber: '9', chunk: 0 });
  try {
    await untilTrue(() => !messaging.health().publishing && !messaging.health().consuming);
  } finally {
    rabbit.signal('SIGCONT');
  }
  await published;
});

const TOTAL = 5_000;

/** In groups, some milliseconds apart, so that there is something to interrupt. */
async function publishSlowly(messaging: Messaging, count: number): Promise<void> {
  const waits: Promise<void>[] = [];
  for (let id = 1; id <= count; id += 1) {
    waits.push(messaging.publish('delivery.sent.v1', sent(String(id))));
    if (id % 100 === 0) await sleep(20);
  }
  await Promise.all(waits);
}

async function untilTrue(condition: () => boolean): Promise<void> {
  const signal = AbortSignal.timeout(30_000);
  while (!condition()) await sleep(20, undefined, { signal });
}

/** Has the node evaluate an Erlang expression, under the names and ports that it was started with. */
async function evaluate(server: RabbitServer, expression: string): Promise<void> {
  const entries = readFileSync(`/proc/${server.pid()}/environ`, 'utf8').split('\0');
  const env = Object.fromEntries(
    entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
  const { ERL_EPMD_PORT, HOME, RABBITMQ_NODENAME, PATH } = env;
  await promisify(execFile)(
    'sh',
    ['-c', 'exec "$(ls -d /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmqctl)" eval "$0"', expression],
    { env: { ERL_EPMD_PORT, HOME, RABBITMQ_NODENAME, PATH, RABBITMQ_CONF_ENV_FILE: '/dev/null', LC_ALL: 'C.UTF-8' } },
  );
}
