import type { GuardCounts, Lane, QuarantineCounts, SweptAddresses, Transition } from '@mxflow/db';
import { QUARANTINE_STATUSES } from '@mxflow/domain';
import {
  feedMetrics,
  prepareMetrics,
  quarantineStandingMetrics,
  sweepMetrics,
  type Logger,
  type Meter,
} from '@mxflow/telemetry';

/** One function for each event that operators count or read about. */
export type DispatcherEvents = PrepareEvents & FeedEvents & SweepEvents;

export type PrepareEvents = {
  chunkPrepared(chunk: {
    readonly jobNumber: string;
    readonly recipients: number;
    readonly ignored: number;
    readonly tookMs: number;
  }): void;
  chunkUnreadable(chunk: { readonly jobNumber: string; readonly chunk: number }, because: string): void;
  domainsMoved(domains: number, messages: number): void;
};

export type FeedEvents = {
  laneTaken(laneId: number): void;
  laneLost(laneId: number): void;
  lanesFed(lanes: number): void;
  released(laneId: number, messages: number): void;
  passEnded(tookMs: number): void;
  laneFilled(laneId: number, state: { readonly window: number; readonly held: number }): void;
  sitesChangedRule(sites: number): void;
  workMoved(lane: Lane, messages: number): void;
  laneDeleted(lane: Lane): void;
  /** Whether some worker that lives can send for a pool. */
  poolLooked(pool: string, hasSource: boolean): void;
  releasedAgain(laneId: number, messages: number): void;
};

export type SweepEvents = {
  workEnded(transitions: readonly Transition[]): void;
  workersFenced(epochs: readonly number[]): void;
  calledInDoubt(messages: number): void;
  announcedAgain(chunks: number): void;
  jobsFinished(jobs: number): void;
  jobsAbandoned(jobs: number): void;
  addressesCleared(swept: SweptAddresses): void;
  quarantineCounted(counts: QuarantineCounts): void;
  guardCounted(counts: GuardCounts): void;
  sourceRamped(move: { readonly publicId: number; readonly level: string; readonly reason: string }): void;
};

export function createEvents(meter: Meter, logger: Logger): DispatcherEvents {
  return { ...prepareEvents(meter, logger), ...feedEvents(meter, logger), ...sweepEvents(meter, logger) };
}

function prepareEvents(meter: Meter, logger: Logger): PrepareEvents {
  const metrics = prepareMetrics(meter);
  return {
    chunkPrepared: ({ jobNumber, recipients, ignored, tookMs }) => {
      metrics.chunks.add(1);
      metrics.messages.add(recipients - ignored, { result: 'work' });
      metrics.chunkSeconds.record(tookMs / 1000);
      logger.debug({ jobNumber, recipients, ignored, tookMs: Math.round(tookMs) }, 'chunk prepared');
    },
    chunkUnreadable: (chunk, because) => logger.error({ ...chunk, because }, 'a chunk cannot be read, kept aside'),
    domainsMoved: (domains, messages) => logger.info({ domains, messages }, 'domains belong to other sites now'),
  };
}

function feedEvents(meter: Meter, logger: Logger): FeedEvents {
  const metrics = feedMetrics(meter);
  const sweeps = sweepMetrics(meter);
  const without = new Set<string>();
  return {
    laneTaken: (laneId) => logger.info({ laneId }, 'feeding a lane'),
    laneLost: (laneId) => logger.warn({ laneId }, 'another dispatcher feeds a lane of ours'),
    lanesFed: (lanes) => metrics.lanes.record(lanes),
    released: (laneId, messages) => metrics.released.add(messages, { lane: String(laneId) }),
    passEnded: (tookMs) => metrics.roundSeconds.record(tookMs / 1000),
    laneFilled: (laneId, { window, held }) => {
      metrics.window.record(window, { lane: String(laneId) });
      metrics.held.record(held, { lane: String(laneId) });
    },
    sitesChangedRule: (sites) => logger.info({ sites }, 'sites go by other rules now'),
    workMoved: ({ laneId, pool, rule }, messages) =>
      logger.info({ laneId, pool, rule, messages }, 'messages moved to the lanes of their rules'),
    laneDeleted: ({ laneId, pool, rule }) => {
      metrics.window.record(0, { lane: String(laneId) });
      metrics.held.record(0, { lane: String(laneId) });
      logger.info({ laneId, pool, rule }, 'lane deleted: its rule is gone');
    },
    poolLooked: (pool, hasSource) => {
      metrics.poolWithoutSource.record(hasSource ? 0 : 1, { pool });
      if (hasSource === !without.has(pool)) return;
      if (hasSource) without.delete(pool);
      else without.add(pool);
      if (hasSource) logger.info({ pool }, 'a worker can send for this pool again');
      else logger.warn({ pool }, 'no worker that lives has a source for this pool: its messages wait');
    },
    releasedAgain: (laneId, messages) => {
      sweeps.released.add(messages);
      logger.warn({ laneId, messages }, 'released again: their queue copies seem lost');
    },
  };
}

function sweepEvents(meter: Meter, logger: Logger): SweepEvents {
  const metrics = sweepMetrics(meter);
  const quarantine = quarantineStandingMetrics(meter);
  return {
    addressesCleared: ({ released, reset }) => {
      quarantine.released.add(released, { cause: 'release' });
      quarantine.released.add(reset, { cause: 'reset' });
      logger.info({ released, reset }, 'addresses cleared by time');
    },
    quarantineCounted: (addresses) => {
      for (const status of QUARANTINE_STATUSES) quarantine.addresses.record(addresses[status] ?? 0, { status });
    },
    guardCounted: ({ alarmedSites, held }) => {
      quarantine.alarmedSites.record(alarmedSites);
      quarantine.heldWaiting.record(held);
    },
    workEnded: (transitions) => {
      for (const { jobNumber, status, messages } of transitions) {
        if (status === 'expired') metrics.expired.add(messages);
        logger.info({ jobNumber, status, messages }, 'messages ended while they waited');
      }
    },
    workersFenced: (epochs) => logger.warn({ epochs }, 'workers taken for dead'),
    calledInDoubt: (messages) => {
      metrics.inDoubt.add(messages);
      logger.warn({ messages }, 'messages in doubt: their worker was lost');
    },
    announcedAgain: (chunks) => logger.warn({ chunks }, 'chunks announced again: nobody prepared them'),
    jobsFinished: (jobs) => logger.info({ jobs }, 'jobs finished'),
    sourceRamped: (move) => logger.info(move, 'a source changes its level by its ramp plan'),
    jobsAbandoned: (jobs) => logger.info({ jobs }, 'jobs deleted that were never posted to their end'),
  };
}
