import {
  deleteAbandonedJobs,
  ensureLogPartitions,
  finishJobs,
  forgetIdleScopes,
  listMovedDomains,
  type Database,
} from '@mxflow/db';
import type { Messaging } from '@mxflow/messaging';
import type { Periodic, ProcessContext } from '@mxflow/process';

import type { DispatcherEvents } from '../events.ts';
import { releaseLostCopies } from '../feed/lost-copies.ts';
import type { DomainSites } from '../prepare/domain-sites.ts';
import { announceAgain } from './announce-again.ts';
import { createDeadWorkerSweep } from './dead-workers.ts';
import { endOverdue } from './end-overdue.ts';
import { rampSources } from './ramp-sources.ts';

/**
 * What runs again and again. Every sweep may run in several dispatchers at once: rows are locked and skipped, changes
 * guarded by the state that they leave.
 */
export type Sweeps = AsyncDisposable & {
  /** A job was cancelled: its messages are ended at once. */
  wakeEnding(): void;
};

export type SweepsOptions = {
  readonly database: Database;
  readonly messaging: Messaging;
  readonly domains: DomainSites;
  readonly events: DispatcherEvents;
  readonly every: ProcessContext['every'];
  /** The lanes fed by this process. */
  readonly lanes: () => readonly number[];
  readonly releaseAgainSeconds: number;
  readonly announceAgainSeconds: number;
  readonly abandonedSeconds: number;
  readonly workerLifeSeconds: number;
  readonly lostHoldSeconds: number;
};

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** The log is read through for each source with a plan: often enough to come down at once, as a day goes. */
const RAMP_MS = 10 * MINUTE_MS;

/** A worker whose session is gone has stopped sending after its life; this covers what its clock and ours disagree in. */
const LIFE_MARGIN = 1.5;
const MOVED_BATCH = 500;

export function startSweeps(options: SweepsOptions): Sweeps {
  const { database, messaging, domains, events, every } = options;
  const resources = new AsyncDisposableStack();
  const start = (name: string, intervalMs: number, run: (signal: AbortSignal) => Promise<void>): Periodic =>
    resources.use(every(intervalMs, run, { name }));

  const ending = start('end-overdue', SECOND_MS, (signal) => endOverdue(database, events, signal));
  const deadWorkers = createDeadWorkerSweep({
    database,
    messaging,
    events,
    lifeSeconds: options.workerLifeSeconds * LIFE_MARGIN,
    lostHoldSeconds: options.lostHoldSeconds,
  });
  start('dead-workers', SECOND_MS, deadWorkers);
  start('finish-jobs', SECOND_MS, async () => {
    const jobs = await finishJobs(database);
    if (jobs > 0) events.jobsFinished(jobs);
  });
  start('announce-again', 5 * SECOND_MS, (signal) =>
    announceAgain({ database, messaging, events, afterSeconds: options.announceAgainSeconds }, signal),
  );
  start('release-again', 5 * SECOND_MS, async (signal) => {
    for (const laneId of options.lanes()) {
      await releaseLostCopies(options, { laneId, afterSeconds: options.releaseAgainSeconds }, signal);
    }
  });
  start('moved-domains', 2 * SECOND_MS, async () => domains.follow(await listMovedDomains(database, MOVED_BATCH)));
  start('abandoned-jobs', MINUTE_MS, async () => {
    const jobs = await deleteAbandonedJobs(database, options.abandonedSeconds);
    if (jobs > 0) events.jobsAbandoned(jobs);
  });
  start('ramp-sources', RAMP_MS, async () => {
    for (const move of await rampSources(database)) events.sourceRamped(move);
  });
  start('idle-scopes', 10 * MINUTE_MS, () => forgetIdleScopes(database));
  start('log-partitions', HOUR_MS, () => ensureLogPartitions(database));
  return { wakeEnding: () => ending.wake(), [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
