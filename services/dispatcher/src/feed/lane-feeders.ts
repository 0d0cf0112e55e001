import { leaseLane, listLanes, releaseLanes, type Database, type Lane } from '@mxflow/db';
import type { Messaging } from '@mxflow/messaging';
import type { Periodic, ProcessContext } from '@mxflow/process';

import type { FeedEvents } from '../events.ts';
import { nextWaitMs } from './cadence.ts';
import type { LaneFeed } from './lane-feed.ts';
import { releaseLostCopies } from './lost-copies.ts';

/**
 * Feeds every lane whose lease this process holds. Each lane has one feeder among all dispatchers; the lease of one that
 * fell silent runs out, and whoever asks next goes on. Two feeders at once would only disturb each other's figures:
 * nothing is released twice.
 */
export type LaneFeeders = AsyncDisposable & {
  /** There may be something to feed, or a lane that was not there before. */
  wake(): void;
  /** The lanes fed by this process. */
  lanes(): readonly number[];
};

export type LaneFeedersOptions = {
  readonly database: Database;
  readonly messaging: Messaging;
  readonly events: FeedEvents;
  /** Names this process in leases: a UUID. */
  readonly feeder: string;
  readonly leaseMs: number;
  readonly every: ProcessContext['every'];
  readonly createFeed: (lane: Lane) => LaneFeed;
};

/** Leases are asked for so many times in their life. */
const RENEWALS_PER_LEASE = 3;
/** Copies of a lane just taken over that are older than this are looked for at once. */
const TAKEN_OVER_AFTER_SECONDS = 2;

type FedLane = AsyncDisposable & {
  wake(): void;
  /** Our lease holds until then: monotonic ms. */
  leasedUntilMs: number;
};

export function createLaneFeeders(options: LaneFeedersOptions): LaneFeeders {
  const { database, events, feeder, leaseMs, every } = options;
  const fed = new Map<number, FedLane>();
  const stop = new AbortController();

  const refreshLane = async (named: Lane): Promise<void> => {
    const { laneId } = named;
    const askedAtMs = performance.now();
    const isLeased = await leaseLane(database, { laneId, feeder, seconds: leaseMs / 1000 });
    const lane = fed.get(laneId);
    if (isLeased && lane !== undefined) lane.leasedUntilMs = askedAtMs + leaseMs;
    if (isLeased && lane === undefined) {
      fed.set(laneId, await takeLane(options, { named, leasedUntilMs: askedAtMs + leaseMs, signal: stop.signal }));
      events.laneTaken(laneId);
    }
    if (!isLeased && lane !== undefined) {
      fed.delete(laneId);
      events.laneLost(laneId);
      await lane[Symbol.asyncDispose]();
    }
  };

  /** Ends feeding lanes that were deleted. */
  const dropGone = async (there: ReadonlySet<number>): Promise<void> => {
    for (const [laneId, lane] of fed) {
      if (there.has(laneId)) continue;
      fed.delete(laneId);
      await lane[Symbol.asyncDispose]();
    }
  };

  const refresh = async (): Promise<void> => {
    const lanes = await listLanes(database);
    const results = await Promise.allSettled(lanes.map(refreshLane));
    await dropGone(new Set(lanes.map(({ laneId }) => laneId)));
    events.lanesFed(fed.size);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  };

  const leases = every(leaseMs / RENEWALS_PER_LEASE, refresh, { name: 'lane-leases' });
  return {
    wake: () => {
      if (fed.size === 0) leases.wake();
      for (const lane of fed.values()) lane.wake();
    },
    lanes: () => [...fed.keys()],
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await leases[Symbol.asyncDispose]();
      await Promise.all([...fed.values()].map((lane) => lane[Symbol.asyncDispose]()));
      await releaseLanes(database, feeder);
    },
  };
}

/** Begins to feed a lane: its queue exists, what a predecessor released and did not publish is published. */
async function takeLane(
  options: LaneFeedersOptions,
  { named, leasedUntilMs, signal }: { named: Lane; leasedUntilMs: number; signal: AbortSignal },
): Promise<FedLane> {
  const { laneId } = named;
  await options.messaging.declareLane(laneId);
  await releaseLostCopies(options, { laneId, afterSeconds: TAKEN_OVER_AFTER_SECONDS }, signal);
  const pass = options.createFeed(named);
  let waitMs = 0;
  const lane = { leasedUntilMs };
  const loop: Periodic = options.every(
    options.leaseMs,
    async (runSignal) => {
      if (performance.now() > lane.leasedUntilMs) return { nextInMs: options.leaseMs / RENEWALS_PER_LEASE };
      waitMs = nextWaitMs(waitMs, await pass(runSignal));
      return { nextInMs: waitMs };
    },
    { name: 'feed' },
  );
  return Object.assign(lane, {
    wake: () => {
      waitMs = 0;
      loop.wake();
    },
    [Symbol.asyncDispose]: () => loop[Symbol.asyncDispose](),
  });
}
