import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import {
  acceptJob,
  beginJob,
  migrate,
  openDatabase,
  packRecipients,
  storeChunk,
  type Database,
  type UnpreparedChunk,
} from '@mxflow/db';
import type { MxResolution } from '@mxflow/domain';
import { createWorld } from '@mxflow/infra/testing';
import { connectMessaging, type LaneQueue, type Messaging, type MessagingOptions } from '@mxflow/messaging';

import type { DispatcherEvents } from '../src/events.ts';
import type { ResolveMx } from '../src/prepare/resolve-once.ts';

/** A database and a broker of this test's own, the first migrated, both open. */
export type DispatcherWorld = AsyncDisposable & {
  readonly databaseUrl: string;
  readonly amqpUrl: string;
  readonly database: Database;
  readonly messaging: Messaging;
};

export async function openWorld(options: Partial<MessagingOptions> = {}): Promise<DispatcherWorld> {
  await using resources = new AsyncDisposableStack();
  const { databaseUrl, amqpUrl } = resources.use(
    await createWorld({ templateKey: 'mxflow', prepare: async (url) => void (await migrate(url)) }),
  );
  const database = resources.use(openDatabase(databaseUrl, { name: 'test' }));
  const messaging = resources.use(await connectMessaging({ url: amqpUrl, name: 'test', ...options }));
  const held = resources.move();
  return { databaseUrl, amqpUrl, database, messaging, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

export type TestJob = {
  readonly jobNumber: string;
  readonly chunks: readonly UnpreparedChunk[];
};

export type TestJobOptions = {
  /** One list a chunk. */
  readonly chunks: readonly (readonly string[])[];
  readonly pool?: string;
  readonly urgency?: number;
  readonly notBefore?: Date;
  readonly retryAfterSeconds?: number;
};

/** Posts a job as ingest-api would, up to its acceptance; nothing is announced. */
export async function acceptedJob(database: Database, options: TestJobOptions): Promise<TestJob> {
  const { chunks, pool = `pool-${randomUUID()}`, urgency = 2, notBefore, retryAfterSeconds = 60 } = options;
  const tenant = await database.client.tenant.upsert({ where: { name: 't' }, create: { name: 't' }, update: {} });
  const job = await beginJob(
    database,
    {
      tenantId: tenant.id,
      publicId: randomUUID(),
      definitionSha256: new Uint8Array(32),
      mode: 'live',
      urgency,
      pool,
      ...(notBefore === undefined ? {} : { notBefore }),
      validForSeconds: 86_400,
      settings: {
        from: { address: 'a@example.com' },
        retry: { delaysSeconds: [retryAfterSeconds], thenEverySeconds: retryAfterSeconds, greylistSeconds: 5 },
      },
      content: { subject: 's', text: 't' },
    },
    { receiver: randomUUID(), leaseSeconds: 60 },
  );
  if (job === 'key-is-taken') throw new Error('expected a new job');
  let firstOrdinal = 0;
  for (const [number, addresses] of chunks.entries()) {
    const packed = packRecipients(addresses.map((address) => JSON.stringify({ address })));
    await storeChunk(database, job, { ...packed, number, firstOrdinal });
    firstOrdinal += addresses.length;
  }
  const totals = { recipients: firstOrdinal, chunks: chunks.length, rejectedCount: 0, rejected: [] };
  if (!(await acceptJob(database, job, totals))) throw new Error('expected the job to be accepted');
  const { jobNumber } = job;
  return { jobNumber, chunks: chunks.map((_, chunk) => ({ jobNumber, chunk })) };
}

/** So many addresses at a domain. */
export function addressesAt(domain: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `r${index}@${domain}`);
}

/** DNS in which each domain has a host of its own, but for what `exceptions` say. */
export function ownHosts(exceptions: ReadonlyMap<string, MxResolution> = new Map()): ResolveMx {
  return async (domain) =>
    exceptions.get(domain) ?? { kind: 'hosts', hosts: [{ preference: 10, host: `mx.${domain}` }] };
}

/** Counters of a job that are not zero. */
export async function countsOf(database: Database, jobNumber: string): Promise<Record<string, number>> {
  const counts = await database.client.jobCounts.findUniqueOrThrow({ where: { jobId: BigInt(jobNumber) } });
  const { jobId: _jobId, ...rest } = counts;
  return Object.fromEntries(
    Object.entries(rest)
      .filter(([, count]) => count !== 0n)
      .map(([name, count]) => [name, Number(count)]),
  );
}

/** Rows of work of a job by their state. */
export async function workOf(database: Database, jobNumber: string): Promise<Record<string, number>> {
  const rows = await database.client.$queryRawUnsafe<{ state: string; messages: number }[]>(
    `SELECT state::text AS state, count(*)::int AS messages FROM work WHERE job_id = $1::bigint GROUP BY 1`,
    jobNumber,
  );
  return Object.fromEntries(rows.map(({ state, messages }) => [state, messages]));
}

export async function laneIdOf(database: Database, pool: string): Promise<number | undefined> {
  return (await database.client.lane.findFirst({ where: { pool } }))?.id;
}

/** Waits until `found` answers something; what it is that it waits for stands in the error. */
export async function until<T>(
  what: string,
  found: () => Promise<T | undefined | false>,
  withinMs = 60_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await found();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain for ${what}`);
    await pause(25);
  }
}

/** Messages ready on a lane. */
export async function depthOf(messaging: Messaging, queue: LaneQueue): Promise<number> {
  return (await messaging.queueDepth(queue)) ?? 0;
}

/** Events that are noted, by name. */
export function eventDiary(): { readonly events: DispatcherEvents; readonly diary: (readonly unknown[])[] } {
  const diary: (readonly unknown[])[] = [];
  const note =
    (name: string) =>
    (...facts: readonly unknown[]): void =>
      void diary.push([name, ...facts]);
  const events: DispatcherEvents = {
    chunkPrepared: note('chunkPrepared'),
    chunkUnreadable: note('chunkUnreadable'),
    domainsMoved: note('domainsMoved'),
    laneTaken: note('laneTaken'),
    laneLost: note('laneLost'),
    lanesFed: () => {},
    released: note('released'),
    passEnded: () => {},
    laneFilled: () => {},
    sitesChangedRule: note('sitesChangedRule'),
    workMoved: note('workMoved'),
    laneDeleted: note('laneDeleted'),
    poolLooked: () => {},
    releasedAgain: note('releasedAgain'),
    workEnded: note('workEnded'),
    workersFenced: note('workersFenced'),
    calledInDoubt: note('calledInDoubt'),
    announcedAgain: note('announcedAgain'),
    jobsFinished: note('jobsFinished'),
    jobsAbandoned: note('jobsAbandoned'),
    sourceRamped: note('sourceRamped'),
    addressesCleared: note('addressesCleared'),
    quarantineCounted: () => {},
    guardCounted: () => {},
  };
  return { events, diary };
}
