import {
  claimWork,
  ensureLane,
  listBacklogs,
  recordSiteFailure,
  registerWorker,
  releaseWork,
  type ReleasedMessage,
} from '@mxflow/db';
import { laneQueue } from '@mxflow/messaging';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createLaneFeed, type LaneFeed } from '../src/feed/lane-feed.ts';
import { releaseLostCopies } from '../src/feed/lost-copies.ts';
import { createDomainSites } from '../src/prepare/domain-sites.ts';
import { createPreparer } from '../src/prepare/prepare-chunk.ts';
import { createRequeuer } from '../src/requeue-redelivered.ts';
import {
  acceptedJob,
  addressesAt,
  depthOf,
  eventDiary,
  openWorld,
  ownHosts,
  workOf,
  type DispatcherWorld,
  type TestJobOptions,
} from './world.ts';

let world: DispatcherWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const { signal } = new AbortController();
const { events, diary } = eventDiary();

/** A job as work. */
async function preparedJob(options: TestJobOptions): Promise<string> {
  const { database } = world;
  const domains = createDomainSites({ database, resolveMx: ownHosts(), concurrency: 50, events });
  const prepare = createPreparer({ database, domains, decideSites: async () => {}, events, onWork: () => {} });
  const job = await acceptedJob(database, options);
  for (const body of job.chunks) expect(await prepare({ body })).toEqual({ kind: 'done' });
  return job.jobNumber;
}

let pools = 0;
/** A lane of a pool of its own, its queue, and a feed whose clock only moves by itself between passes. */
async function laneOfOwn({ window = 2000 } = {}) {
  const { database, messaging } = world;
  pools += 1;
  const pool = `feed-${pools}`;
  const laneId = await ensureLane(database, pool, 'any');
  await messaging.declareLane(laneId);
  let nowMs = 0;
  const feed = createLaneFeed({ database, messaging, events, laneId, window: () => window, now: () => nowMs });
  const pass: LaneFeed = (stop) => {
    nowMs += 50;
    return feed(stop);
  };
  return { pool, laneId, pass, queue: laneQueue(laneId) };
}

/** What is released now, by domain. */
async function releasedByDomain(laneId: number): Promise<Record<string, number>> {
  const rows = await world.database.client.$queryRawUnsafe<{ domain: string; messages: number }[]>(
    `SELECT split_part(address, '@', -1) AS domain, count(*)::int AS messages FROM work
     WHERE lane_id = $1 AND state = 'queued' GROUP BY 1`,
    laneId,
  );
  return Object.fromEntries(rows.map(({ domain, messages }) => [domain, messages]));
}

/** A worker that takes everything released but what goes to `except`, and is done with it at once. */
async function deliverAll(laneId: number, except = ''): Promise<number> {
  return await world.database.client.$executeRawUnsafe(
    `DELETE FROM work WHERE lane_id = $1 AND state = 'queued' AND split_part(address, '@', -1) <> $2`,
    laneId,
    except,
  );
}

test('what is released is on the lane queue, as much as the window holds', async () => {
  const { pool, laneId, pass, queue } = await laneOfOwn({ window: 40 });
  const jobNumber = await preparedJob({ chunks: [addressesAt('one.example', 100)], pool });
  expect(await pass(signal)).toEqual({ released: 40, held: 40 });
  expect(await pass(signal)).toEqual({ released: 0, held: 40 });
  expect(await workOf(world.database, jobNumber)).toEqual({ queued: 40, waiting: 60 });
  expect(await depthOf(world.messaging, queue)).toBe(40);
  const bodies: unknown[] = [];
  await using _consumption = await world.messaging.consume({
    queue,
    prefetch: 40,
    handler: async ({ key, body }) => {
      bodies.push({ key, body });
      return { kind: 'done' };
    },
  });
  await expect.poll(() => bodies.length, { timeout: 20_000 }).toBe(40);
  expect(bodies[0]).toEqual({
    key: 'delivery.requested.v1',
    body: {
      messageId: expect.any(String),
      attempt: 1,
      jobNumber,
      siteId: expect.any(Number),
      domain: 'one.example',
      urgency: 2,
    },
  });
  expect(await releasedByDomain(laneId)).toEqual({ 'one.example': 40 });
});

test('what is more urgent does not wait behind what fills its site and its lane', async () => {
  const { pool, laneId, pass } = await laneOfOwn({ window: 40 });
  await preparedJob({ chunks: [addressesAt('stuck.example', 100)], pool, urgency: 4 });
  expect(await pass(signal)).toEqual({ released: 40, held: 40 });
  const urgent = await preparedJob({ chunks: [addressesAt('stuck.example', 30)], pool, urgency: 0 });
  expect(await pass(signal)).toEqual({ released: 16, held: 56 });
  expect(await workOf(world.database, urgent)).toEqual({ queued: 16, waiting: 14 });
  expect(await releasedByDomain(laneId)).toEqual({ 'stuck.example': 56 });
});

test('a provider that never answers holds a small share, and the others get all they can drink', async () => {
  const { pool, laneId, pass } = await laneOfOwn();
  const dead = addressesAt('dead.example', 4000);
  await preparedJob({ chunks: [dead.slice(0, 2000), dead.slice(2000), addressesAt('lively.example', 1000)], pool });
  let delivered = 0;
  let passes = 0;
  while (delivered < 1000 && passes < 20) {
    await pass(signal);
    passes += 1;
    expect((await releasedByDomain(laneId))['dead.example']).toBe(64);
    delivered += await deliverAll(laneId, 'dead.example');
  }
  expect(delivered).toBe(1000);
  expect(passes).toBeLessThanOrEqual(5);
});

test('five hundred small sites beside a big one are all released within the first passes', async () => {
  const { pool, laneId, pass } = await laneOfOwn();
  const big = addressesAt('big.example', 20_000);
  const small = Array.from({ length: 500 }, (_, index) => `a@small${index}.example`);
  const chunks = Array.from({ length: 10 }, (_, index) => big.slice(index * 2000, (index + 1) * 2000));
  await preparedJob({ chunks: [...chunks, small], pool });
  const seen = new Set<string>();
  for (let passes = 0; passes < 3; passes += 1) {
    await pass(signal);
    for (const domain of Object.keys(await releasedByDomain(laneId))) seen.add(domain);
  }
  expect(seen.size).toBe(501);
  let delivered = 0;
  let passes = 0;
  while (delivered < 20_500 && passes < 40) {
    delivered += await deliverAll(laneId);
    await pass(signal);
    passes += 1;
  }
  // 64, 128, … 1024, then the whole window each time.
  expect(passes).toBeLessThanOrEqual(20);
  expect(delivered).toBe(20_500);
});

test('a small job is not behind a big one, an urgent one is before both', async () => {
  const { pool, laneId, pass } = await laneOfOwn({ window: 30 });
  await preparedJob({ chunks: [addressesAt('first.example', 200)], pool });
  await preparedJob({ chunks: [addressesAt('second.example', 5)], pool });
  await preparedJob({ chunks: [addressesAt('urgent.example', 10)], pool, urgency: 0 });
  await pass(signal);
  expect(await releasedByDomain(laneId)).toEqual({ 'urgent.example': 10, 'first.example': 15, 'second.example': 5 });
});

test('paused, cancelled, expired, not yet due and blocked work is passed over', async () => {
  const { pool, laneId, pass } = await laneOfOwn();
  const { database } = world;
  const later = new Date(Date.now() + 3_600_000);
  const of = (domain: string, options: Partial<TestJobOptions> = {}) =>
    preparedJob({ chunks: [[`a@${domain}`]], pool, ...options });
  const [paused, cancelled, expired] = [
    await of('paused.example'),
    await of('cancelled.example'),
    await of('expired.example'),
  ];
  const deferred = await of('deferred.example');
  await of('notyet.example', { notBefore: later });
  await of('blocked.example');
  await of('open.example');
  const change = (jobNumber: string, data: object) =>
    database.client.job.update({ where: { id: BigInt(jobNumber) }, data });
  await change(paused, { state: 'paused' });
  await change(cancelled, { state: 'cancelled' });
  await change(expired, { validUntil: new Date(Date.now() - 1000) });
  await database.client.$executeRawUnsafe(
    `UPDATE work SET due_at = $2::timestamptz WHERE job_id = $1::bigint`,
    deferred,
    later,
  );
  const blocked = await listBacklogs(database, { laneId, afterSite: 0, jobs: 100, sitesPerJob: 100 });
  for (const { siteId, jobNumber } of blocked) {
    const [row] = await database.client.$queryRawUnsafe<{ address: string }[]>(
      `SELECT address FROM work WHERE job_id = $1::bigint`,
      jobNumber,
    );
    if (row?.address === 'a@blocked.example')
      await recordSiteFailure(database, { siteId, because: 'x', restSeconds: [60] });
  }
  await pass(signal);
  expect(await releasedByDomain(laneId)).toEqual({ 'open.example': 1 });
  await change(paused, { state: 'active' });
  await pass(signal);
  expect(await releasedByDomain(laneId)).toEqual({ 'open.example': 1, 'paused.example': 1 });
});

test('thousands of sites with nothing due do not hide one that has', async () => {
  const { pool, laneId, pass } = await laneOfOwn();
  const { database } = world;
  const deferred = Array.from({ length: 1500 }, (_, index) => `a@deferred${index}.example`);
  const jobNumber = await preparedJob({ chunks: [deferred], pool });
  await database.client.$executeRawUnsafe(
    `UPDATE work SET due_at = due_at + interval '1 hour' WHERE job_id = $1::bigint`,
    jobNumber,
  );
  await preparedJob({ chunks: [['a@due.example']], pool });
  await pass(signal);
  expect(await releasedByDomain(laneId)).toEqual({ 'due.example': 1 });
});

test('copies lost with the broker are published again, those that wait on the queue are not', async () => {
  const { pool, laneId, pass, queue } = await laneOfOwn();
  const { database, messaging } = world;
  await preparedJob({ chunks: [addressesAt('lost.example', 20)], pool });
  await pass(signal);
  const again = () => releaseLostCopies({ database, messaging, events }, { laneId, afterSeconds: -1 }, signal);
  await again();
  expect(await depthOf(messaging, queue)).toBe(20);
  await messaging.deleteLane(laneId);
  await messaging.declareLane(laneId);
  await again();
  expect(await depthOf(messaging, queue)).toBe(20);
  expect(diary.filter(([name]) => name === 'releasedAgain')).toEqual([['releasedAgain', laneId, 20]]);
});

test('a feeder that died between commit and publish: its successor publishes', async () => {
  const { pool, laneId, queue } = await laneOfOwn();
  const { database, messaging } = world;
  await preparedJob({ chunks: [addressesAt('died.example', 5)], pool });
  const backlogs = await listBacklogs(database, { laneId, afterSite: 0, jobs: 10, sitesPerJob: 10 });
  await releaseWork(
    database,
    laneId,
    backlogs.map((backlog) => ({ ...backlog, quota: 5 })),
  );
  expect(await depthOf(messaging, queue)).toBe(0);
  await releaseLostCopies({ database, messaging, events }, { laneId, afterSeconds: -1 }, signal);
  expect(await depthOf(messaging, queue)).toBe(5);
});

test('redelivered messages that nobody claimed are fed again, claimed ones are left alone', async () => {
  const { pool, laneId, pass } = await laneOfOwn();
  const { database } = world;
  const jobNumber = await preparedJob({ chunks: [addressesAt('again.example', 2)], pool });
  await pass(signal);
  const rows = await database.client.$queryRawUnsafe<Pick<ReleasedMessage, 'messageId' | 'attempt'>[]>(
    `SELECT message_id::text AS "messageId", attempt FROM work WHERE lane_id = $1 ORDER BY message_id`,
    laneId,
  );
  const epoch = await registerWorker(database, 'w', []);
  await claimWork(database, epoch, rows.slice(0, 1));
  const woken: string[] = [];
  const requeue = createRequeuer(database, () => woken.push('woken'));
  const verdicts = await requeue(
    rows.map((body) => ({ key: 'delivery.redelivered.v1' as const, body, redelivered: false })),
  );
  expect(verdicts).toEqual([{ kind: 'done' }, { kind: 'done' }]);
  expect(woken).toEqual(['woken']);
  expect(await workOf(database, jobNumber)).toEqual({ sending: 1, waiting: 1 });
  await pass(signal);
  expect(await workOf(database, jobNumber)).toEqual({ sending: 1, queued: 1 });
});
