import { randomUUID } from 'node:crypto';
import { messageIdOf } from '@mxflow/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  claimsOf,
  claimWork,
  countReleased,
  endOverdueWork,
  ensureLane,
  fenceDeadWorkers,
  finishJobs,
  holdEpoch,
  listBacklogs,
  listOrphanedClaims,
  parkWork,
  prepareChunk,
  recordOutcomes,
  recordSiteFailure,
  registerWorker,
  releaseAgain,
  releaseWork,
  renewWorker,
  saveDomains,
  settleRefusedClaims,
  type PreparedRecipient,
} from '../src/index.ts';
import { insertJob, openTestDatabase } from './world.ts';

let database: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

async function prepared(addresses: readonly string[], siteKey = 'mx:0 mx.example') {
  const jobNumber = await insertJob(database, { recipients: addresses.length });
  const pool = `pool-${randomUUID()}`;
  const laneId = await ensureLane(database, pool, 'any');
  const [site] = await saveDomains(database, [
    { domain: `${randomUUID()}.example`, siteKey, resolution: 'hosts', validSeconds: 60 },
  ]);
  const siteId = site?.siteId ?? 0;
  const recipients = addresses.map((address, ordinal): PreparedRecipient => ({
    messageId: messageIdOf(jobNumber, ordinal),
    ordinal,
    address,
    addressKey: address.toLowerCase(),
    addressHash: `00000000-0000-4000-8000-${Buffer.from(address.toLowerCase()).toString('hex').slice(0, 12).padStart(12, '0')}`,
    variables: { n: ordinal },
    siteId,
  }));
  await prepareChunk(database, { jobNumber, number: 0, pool, urgency: 2, recipients });
  return { jobNumber, laneId, pool, siteId, recipients };
}

async function release(laneId: number, quota: number) {
  const backlogs = await listBacklogs(database, {
    laneId,
    afterSite: 0,
    jobs: 100,
    sitesPerJob: 100,
  });
  return await releaseWork(
    database,
    laneId,
    backlogs.map((backlog) => ({ ...backlog, quota })),
  );
}

const countsOf = async (jobNumber: string) => {
  const counts = await database.client.jobCounts.findUniqueOrThrow({
    where: { jobId: BigInt(jobNumber) },
  });
  return Object.fromEntries(
    Object.entries(counts)
      .filter(([name, n]) => name !== 'jobId' && n !== 0n)
      .map(([k, v]) => [k, Number(v)]),
  );
};

test('a chunk becomes work once: duplicates and quarantined addresses are ignored, repeating changes nothing', async () => {
  await database.client.quarantineEntry.create({
    data: { address: 'q@b.example', status: 'quarantined' },
  });
  const { jobNumber, pool, recipients } = await prepared(['a@b.example', 'A@b.example', 'q@b.example', 'c@b.example']);
  expect(await countsOf(jobNumber)).toEqual({ pending: 2, ignored: 2 });
  expect(await prepareChunk(database, { jobNumber, number: 0, pool, urgency: 2, recipients })).toEqual({
    kind: 'already-prepared',
  });
  expect(await countsOf(jobNumber)).toEqual({ pending: 2, ignored: 2 });
});

test('from release to sent: only a claim sends, and only once', async () => {
  const { jobNumber, laneId, siteId } = await prepared(['d@b.example', 'e@b.example', 'f@b.example']);
  const epoch = await registerWorker(database, 'w', []);
  const released = await release(laneId, 2);
  expect(released).toHaveLength(2);
  expect(released[0]).toMatchObject({ domain: 'b.example', siteId, jobNumber, attempt: 1 });
  expect(await countReleased(database, laneId)).toEqual(new Map([[siteId, { messages: 2, leastUrgent: 2 }]]));
  const claimed = await claimWork(database, epoch, released);
  expect(claimed.map((message) => message.address).toSorted()).toEqual(['d@b.example', 'e@b.example']);
  expect(claimed[0]?.variables).toEqual({ n: expect.any(Number) });
  expect(await claimWork(database, epoch, released)).toEqual([]);
  expect(await claimsOf(database, epoch)).toHaveLength(2);
  const outcome = (index: number) => ({
    messageId: released[index]!.messageId,
    attempt: 1,
    inDoubt: false,
    source: 1,
  });
  const batch = [
    { ...outcome(0), status: 'sent' as const, replyCode: 250, reply: '250 ok' },
    {
      ...outcome(1),
      status: 'deferred' as const,
      dueAt: Date.now() - 1000,
      waitReason: 'retry',
      reply: '451 later',
    },
  ];
  expect((await recordOutcomes(database, batch)).transitions).toHaveLength(2);
  expect((await recordOutcomes(database, batch)).transitions).toEqual([]);
  expect(await countsOf(jobNumber)).toEqual({ pending: 1, sent: 1, deferred: 1 });
  const again = await release(laneId, 10);
  expect(again.map((message) => message.attempt).toSorted((one, other) => one - other)).toEqual([1, 2]);
  const second = await claimWork(database, epoch, again);
  await recordOutcomes(
    database,
    second.map((message) => ({
      ...message,
      status: 'failed' as const,
      failureReason: 'user-unknown' as const,
      inDoubt: false,
    })),
  );
  expect(await countsOf(jobNumber)).toEqual({ sent: 1, failed: 2 });
  expect(await finishJobs(database)).toBeGreaterThan(0);
  const job = await database.client.job.findUniqueOrThrow({ where: { id: BigInt(jobNumber) } });
  expect(job.state).toBe('finished');
});

test('parked, paused and cancelled work leaves the lane', async () => {
  const { jobNumber, laneId } = await prepared(['g@b.example', 'h@b.example']);
  const epoch = await registerWorker(database, 'w', []);
  const released = await release(laneId, 10);
  await parkWork(database, [
    { ...released[0]!, delayMs: 60_000, reason: 'site-back-off', lastReply: 'connection refused' },
  ]);
  await database.client.job.update({ where: { id: BigInt(jobNumber) }, data: { state: 'paused' } });
  expect(await claimWork(database, epoch, released)).toEqual([]);
  await settleRefusedClaims(database, released);
  expect(await countReleased(database, laneId)).toEqual(new Map());
  expect(await release(laneId, 10)).toEqual([]);
  await database.client.job.update({
    where: { id: BigInt(jobNumber) },
    data: { state: 'cancelled' },
  });
  await endOverdueWork(database, 100);
  expect(await countsOf(jobNumber)).toEqual({ cancelled: 2 });
});

test('a dead worker is fenced, its claims are in doubt, and a late final outcome still ends the message', async () => {
  const { jobNumber, laneId } = await prepared(['i@b.example', 'j@b.example']);
  const epoch = await registerWorker(database, 'dead', []);
  const alive = await registerWorker(database, 'alive', []);
  await using _session = await holdEpoch(database.url, alive);
  const claimed = await claimWork(database, epoch, await release(laneId, 10));
  await database.client.$executeRawUnsafe(
    `UPDATE workers SET renewed_at = clock_timestamp() - interval '1 second' WHERE epoch IN ($1, $2)`,
    epoch,
    alive,
  );
  const fenced = await fenceDeadWorkers(database, { lifeSeconds: 0.5, lostHoldSeconds: 600 });
  expect(fenced).toContain(epoch);
  expect(fenced).not.toContain(alive);
  expect(await renewWorker(database, epoch)).toEqual({ kind: 'fenced' });
  expect(await renewWorker(database, alive)).toMatchObject({ kind: 'renewed' });
  const orphans = await listOrphanedClaims(database, 100);
  const mine = orphans.filter((orphan) => orphan.jobNumber === jobNumber);
  expect(mine).toHaveLength(2);
  await recordOutcomes(
    database,
    mine.map((orphan) => ({
      messageId: orphan.messageId,
      attempt: orphan.attempt,
      status: 'deferred' as const,
      dueAt: Date.now() + 60_000,
      inDoubt: true,
    })),
  );
  expect(await countsOf(jobNumber)).toEqual({ deferred: 2, inDoubt: 2 });
  await recordOutcomes(database, [{ messageId: claimed[0]!.messageId, attempt: 1, status: 'sent', inDoubt: false }]);
  expect(await countsOf(jobNumber)).toEqual({ deferred: 1, sent: 1, inDoubt: 2 });
});

test('a released message whose copy is lost is released again', async () => {
  const { laneId } = await prepared(['k@b.example']);
  await release(laneId, 10);
  expect(await releaseAgain(database, { laneId, afterSeconds: 60, limit: 10 })).toEqual([]);
  expect(await releaseAgain(database, { laneId, afterSeconds: -1, limit: 10 })).toHaveLength(1);
});

test('failures that happen together are one failure', async () => {
  const { siteId } = await prepared(['l@b.example'], `mx:0 ${randomUUID()}`);
  const failure = { siteId, because: 'refused', restSeconds: [4, 8, 16] };
  expect(await recordSiteFailure(database, failure)).toBeCloseTo(4000, -3);
  expect(await recordSiteFailure(database, failure)).toBeLessThanOrEqual(4000);
  const site = await database.client.site.findUniqueOrThrow({ where: { id: siteId } });
  expect(site.failures).toBe(1);
});
