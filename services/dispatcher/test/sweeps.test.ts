import {
  claimWork,
  ensureLane,
  fenceDeadWorkers,
  listBacklogs,
  recordOutcomes,
  registerWorker,
  releaseWork,
  stopWorker,
  type ReleasedMessage,
} from '@mxflow/db';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createDomainSites } from '../src/prepare/domain-sites.ts';
import { createPreparer } from '../src/prepare/prepare-chunk.ts';
import { announceAgain } from '../src/sweeps/announce-again.ts';
import { createDeadWorkerSweep } from '../src/sweeps/dead-workers.ts';
import { endOverdue } from '../src/sweeps/end-overdue.ts';
import {
  acceptedJob,
  addressesAt,
  countsOf,
  eventDiary,
  openWorld,
  ownHosts,
  until,
  workOf,
  type DispatcherWorld,
} from './world.ts';

let world: DispatcherWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const { signal } = new AbortController();

/** A job as work, released to a lane of its own. */
async function releasedJob(domain: string, recipients: number, retryAfterSeconds = 60) {
  const { database } = world;
  const { events } = eventDiary();
  const domains = createDomainSites({ database, resolveMx: ownHosts(), concurrency: 50, events });
  const prepare = createPreparer({ database, domains, decideSites: async () => {}, events, onWork: () => {} });
  const pool = `sweep-${domain}`;
  const addresses = addressesAt(domain, recipients);
  const chunks = Array.from({ length: Math.ceil(recipients / 2000) }, (_, at) =>
    addresses.slice(at * 2000, at * 2000 + 2000),
  );
  const job = await acceptedJob(database, { chunks, pool, retryAfterSeconds });
  for (const body of job.chunks) await prepare({ body });
  const laneId = await ensureLane(database, pool, 'any');
  const release = async (): Promise<readonly ReleasedMessage[]> => {
    const backlogs = await listBacklogs(database, { laneId, afterSite: 0, jobs: 10, sitesPerJob: 10 });
    return await releaseWork(
      database,
      laneId,
      backlogs.map((backlog) => ({ ...backlog, quota: 100 })),
    );
  };
  return { jobNumber: job.jobNumber, laneId, release };
}

function deadWorkerSweep(outcomesWaiting = 0) {
  const { events, diary } = eventDiary();
  const sweep = createDeadWorkerSweep({
    database: world.database,
    messaging: { queueDepth: async () => outcomesWaiting },
    events,
    lifeSeconds: 5,
    lostHoldSeconds: 600,
    recordingMs: 0,
  });
  return { sweep, diary };
}

const silence = async (epoch: number, seconds: number): Promise<unknown> =>
  await world.database.client.$executeRawUnsafe(
    `UPDATE workers SET renewed_at = clock_timestamp() - $2::int * interval '1 second' WHERE epoch = $1`,
    epoch,
    seconds,
  );

test('the claims of a dead worker become in doubt and are retried; its late outcome still ends a message', async () => {
  const { database } = world;
  const { jobNumber, release } = await releasedJob('dead.example', 3, 1);
  const dead = await registerWorker(database, 'dead', []);
  const alive = await registerWorker(database, 'alive', []);
  const released = await release();
  await claimWork(database, dead, released.slice(0, 2));
  await claimWork(database, alive, released.slice(2));
  await until('a server that is older than the silence', async () => {
    await silence(dead, 6);
    return (await fenceDeadWorkers(database, { lifeSeconds: 5, lostHoldSeconds: 600 })).includes(dead);
  });
  const { sweep, diary } = deadWorkerSweep();
  await sweep();
  expect(diary).toEqual([['calledInDoubt', 2]]);
  expect(await countsOf(database, jobNumber)).toEqual({ pending: 1, deferred: 2, inDoubt: 2 });
  const [late] = released;
  const sent = { messageId: late!.messageId, attempt: 1, status: 'sent' as const, inDoubt: false };
  expect((await recordOutcomes(database, [sent])).transitions).toHaveLength(1);
  const again = await until('the retry to be due', async () => {
    const found = await release();
    return found.length > 0 && found;
  });
  expect(again).toEqual([expect.objectContaining({ messageId: released[1]!.messageId, attempt: 2 })]);
  await sweep();
  expect(await countsOf(database, jobNumber)).toEqual({ pending: 1, sent: 1, deferred: 1, inDoubt: 2 });
});

test('a worker that stopped in order: what it reported comes first', async () => {
  const { database } = world;
  const { jobNumber, release } = await releasedJob('stopped.example', 1);
  const epoch = await registerWorker(database, 'stopped', []);
  await claimWork(database, epoch, await release());
  await stopWorker(database, epoch);
  const behind = deadWorkerSweep(1);
  await behind.sweep();
  expect(behind.diary).toEqual([]);
  expect(await workOf(database, jobNumber)).toEqual({ sending: 1 });
  const caughtUp = deadWorkerSweep(0);
  await caughtUp.sweep();
  expect(caughtUp.diary).toEqual([['calledInDoubt', 1]]);
});

test('cancelled work ends at once, in as many rounds as it takes; what is being sent is left to its outcome', async () => {
  const { database } = world;
  const { jobNumber, release } = await releasedJob('cancelled.example', 5000);
  const { events, diary } = eventDiary();
  const epoch = await registerWorker(database, 'w', []);
  const released = await release();
  await claimWork(database, epoch, released.slice(0, 10));
  await database.client.job.update({ where: { id: BigInt(jobNumber) }, data: { state: 'cancelled' } });
  await endOverdue(database, events, signal);
  expect(await countsOf(database, jobNumber)).toEqual({ pending: 10, cancelled: 4990 });
  expect(await workOf(database, jobNumber)).toEqual({ sending: 10 });
  expect(diary).toHaveLength(3);
});

test('work whose job has expired ends, though its job is paused', async () => {
  const { database } = world;
  const { jobNumber } = await releasedJob('expired.example', 3);
  await database.client.job.update({
    where: { id: BigInt(jobNumber) },
    data: { state: 'paused', validUntil: new Date(Date.now() - 1000) },
  });
  await endOverdue(database, eventDiary().events, signal);
  expect(await countsOf(database, jobNumber)).toEqual({ expired: 3 });
});

test('a chunk that nobody prepares is announced again, but not while announcements wait', async () => {
  const { database, messaging } = world;
  const job = await acceptedJob(database, { chunks: [['a@lost.example'], ['b@lost.example']] });
  const { events, diary } = eventDiary();
  await announceAgain({ database, messaging, events, afterSeconds: 60 }, signal);
  expect(diary).toEqual([]);
  await announceAgain({ database, messaging, events, afterSeconds: -1 }, signal);
  await announceAgain({ database, messaging, events, afterSeconds: -1 }, signal);
  expect(diary).toEqual([['announcedAgain', 2]]);
  const announced: unknown[] = [];
  await using _consumption = await messaging.consume({
    queue: 'prepare',
    prefetch: 5,
    handler: async ({ body }) => {
      announced.push(body);
      return { kind: 'done' };
    },
  });
  await expect.poll(() => announced, { timeout: 20_000 }).toEqual(job.chunks);
});
