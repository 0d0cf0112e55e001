import { randomUUID } from 'node:crypto';

import { holdEpoch, registerWorker, type Database, type EpochSession } from '@mxflow/db';
import { laneQueue, type Outgoing } from '@mxflow/messaging';
import { startDnsServer, type DnsServer } from '@mxflow/provider-sim';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { DispatcherProcess } from './dispatcher-process.ts';
import {
  acceptedJob,
  addressesAt,
  countsOf,
  depthOf,
  laneIdOf,
  openWorld,
  until,
  workOf,
  type DispatcherWorld,
  type TestJob,
  type TestJobOptions,
} from './world.ts';

// Processes start, stop and are killed: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 180_000 });

let world: DispatcherWorld;
let dns: DnsServer;
let session: EpochSession;
let epoch: number;
beforeAll(async () => {
  world = await openWorld();
  epoch = await registerWorker(world.database, 'w', []);
  session = await holdEpoch(world.databaseUrl, epoch);
  dns = await startDnsServer({
    zone: { 'a.example': { mx: [{ preference: 10, exchange: 'mx.a.example' }] }, 'b.example': { a: ['127.0.0.1'] } },
  });
});
afterAll(async () => {
  await session[Symbol.asyncDispose]();
  await dns[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

function dispatcher(settings: Readonly<Record<string, string>> = {}): DispatcherProcess {
  return new DispatcherProcess({
    DATABASE_URL: world.databaseUrl,
    AMQP_URL: world.amqpUrl,
    MXFLOW_DNS: `127.0.0.1:${dns.port}`,
    MXFLOW_LANE_LEASE: '1s',
    ...settings,
  });
}

/** A job of a pool that some living worker can send for, or nothing of it would be fed. */
async function liveJob(database: Database, options: TestJobOptions & { readonly pool: string }): Promise<TestJob> {
  await database.client.$executeRawUnsafe(
    `UPDATE workers SET sources = sources || $2::jsonb WHERE epoch = $1`,
    epoch,
    JSON.stringify([{ publicId: 1, pools: [options.pool] }]),
  );
  return await acceptedJob(database, options);
}

async function announce(job: TestJob): Promise<void> {
  await world.messaging.publishMany(job.chunks.map((body): Outgoing => ({ key: 'job.chunk-accepted.v1', body })));
}

const chunksPrepared = async ({ jobNumber }: TestJob): Promise<number> =>
  (await world.database.client.job.findUniqueOrThrow({ where: { id: BigInt(jobNumber) } })).chunksPrepared;

/** Waits until the job's messages stand on the lane, so many in all. */
async function untilOnLane(pool: string, messages: number): Promise<number> {
  return await until(`${messages} messages on the lane of ${pool}`, async () => {
    const laneId = await laneIdOf(world.database, pool);
    if (laneId === undefined) return undefined;
    return (await depthOf(world.messaging, laneQueue(laneId))) === messages && laneId;
  });
}

test('every message handed out twice: a job is prepared once and stands on its lane once', async () => {
  const pool = randomUUID();
  const job = await liveJob(world.database, {
    chunks: [addressesAt('a.example', 50), [...addressesAt('b.example', 49), 'R1@a.example'], ['x@none.example']],
    pool,
  });
  await using process = dispatcher({ MXFLOW_TEST_DELIVER_TWICE: '1' });
  await announce(job);
  await announce(job);
  await untilOnLane(pool, 100);
  expect(await countsOf(world.database, job.jobNumber)).toEqual({ pending: 100, ignored: 1 });
  const sites = await world.database.client.$queryRawUnsafe<{ key: string }[]>(`SELECT key FROM sites ORDER BY key`);
  expect(sites.map(({ key }) => key)).toEqual(['domain:none.example', 'mx:0 b.example', 'mx:0 mx.a.example']);
  expect(await process.stop()).toBe(0);
  expect(process.lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('two dispatchers, one feeder a lane; when it is killed the other one goes on', async () => {
  const pool = randomUUID();
  const job = await liveJob(world.database, { chunks: [addressesAt('a.example', 300)], pool });
  await using one = dispatcher({ MXFLOW_LANE_WINDOW: '100' });
  await using two = dispatcher({ MXFLOW_LANE_WINDOW: '100' });
  await announce(job);
  const laneId = await untilOnLane(pool, 64);
  const feeds = (process: DispatcherProcess): boolean =>
    process.logged('feeding a lane').some((line) => line['laneId'] === laneId);
  expect(feeds(one)).not.toBe(feeds(two));
  const [feeder, other] = feeds(one) ? [one, two] : [two, one];
  await feeder.kill();
  await until('the other one to take the lane over', async () => feeds(other));
  await world.database.client.$executeRawUnsafe(
    `DELETE FROM work WHERE lane_id = $1 AND state = 'queued' AND job_id = $2::bigint`,
    laneId,
    job.jobNumber,
  );
  await until('the other one to feed the lane', async () => {
    const { queued = 0 } = await workOf(world.database, job.jobNumber);
    return queued > 0;
  });
  expect(await other.stop()).toBe(0);
  const lane = await world.database.client.lane.findUniqueOrThrow({ where: { id: laneId } });
  expect(lane.feeder).toBeNull();
});

test('killed while it prepares: another one finishes, and every recipient is counted once', async () => {
  const pool = randomUUID();
  const domains = Array.from({ length: 30 }, (_, index) => `d${index}.example`);
  const chunks = Array.from({ length: 30 }, (_, chunk) => addressesAt(`d${chunk}.example`, 200));
  for (const domain of domains) dns.set(domain, { a: ['127.0.0.1'], delayMs: 20 });
  const job = await liveJob(world.database, { chunks, pool });
  const killed = dispatcher();
  await announce(job);
  await until('the first chunks', async () => (await chunksPrepared(job)) > 3);
  await killed.kill();
  expect(await chunksPrepared(job)).toBeLessThan(30);
  await using _next = dispatcher();
  await until('all chunks', async () => (await chunksPrepared(job)) === 30);
  expect(await countsOf(world.database, job.jobNumber)).toEqual({ pending: 6000 });
});

test('a cancelled job is ended, and finished when nothing is left of it', async () => {
  const pool = randomUUID();
  const { database, messaging } = world;
  const job = await liveJob(database, { chunks: [addressesAt('a.example', 500)], pool });
  await using _process = dispatcher();
  await announce(job);
  await untilOnLane(pool, 64);
  const { jobNumber } = job;
  await database.client.job.update({ where: { id: BigInt(jobNumber) }, data: { state: 'cancelled' } });
  await messaging.publish('job.state-changed.v1', { jobNumber, state: 'cancelled' });
  await until('the end of all messages', async () => (await countsOf(database, jobNumber))['cancelled'] === 500);
  await until('the job to be finished', async () => {
    const { finishedAt } = await database.client.job.findUniqueOrThrow({ where: { id: BigInt(jobNumber) } });
    return finishedAt !== null;
  });
});
