import { countReleased, listBacklogs, releaseWork, type Backlog, type Database, type HeldBySite } from '@mxflow/db';
import type { Messaging } from '@mxflow/messaging';

import type { FeedEvents } from '../events.ts';
import { publishUntilStop } from '../publish-until-stop.ts';
import { allocate, servedKey } from './allocate.ts';
import { adaptAllowance, FIRST_ALLOWANCE, type SiteAllowance } from './allowance.ts';
import type { PassResult } from './cadence.ts';
import { laneMessage } from './lane-message.ts';
import { createServedRegister, type ServedRegister } from './served.ts';
import { FIRST_MARK, mergeSlices, nextMark, sitesPerJob } from './slices.ts';
import { heldInAll, roomFor } from './urgent-room.ts';

export type LaneFeedOptions = {
  readonly database: Database;
  readonly messaging: Messaging;
  readonly events: FeedEvents;
  readonly laneId: number;
  /** Messages that the lane may hold now; 0 where nothing is to be fed. */
  readonly window: () => number;
  /** Monotonic ms. */
  readonly now?: () => number;
};

/** Feeds one lane: each pass fills the window with what is due, shared out fairly. */
export type LaneFeed = (signal: AbortSignal) => Promise<PassResult>;

/** Rounds of a pass: a backlog may hold less than it was given room for, and the rest of the room goes to others. */
const ROUNDS = 3;
/** Jobs looked at for one slice. */
const MAX_JOBS = 5000;

export function createLaneFeed(options: LaneFeedOptions): LaneFeed {
  const { database, events, laneId, now = () => performance.now() } = options;
  const served = createServedRegister();
  const release = createRelease(options);
  let mark = FIRST_MARK;
  let window = 0;
  let allowances: ReadonlyMap<number, SiteAllowance> = new Map();

  /** The next slice of backlogs; `isLast` where the next one would begin from the start. */
  const listSlice = async (): Promise<{ readonly backlogs: readonly Backlog[]; readonly isLast: boolean }> => {
    const limit = sitesPerJob(mark);
    const list = (afterSite: number) =>
      listBacklogs(database, { laneId, afterSite, jobs: MAX_JOBS, sitesPerJob: limit });
    const behindMark = await list(mark.afterSite);
    const backlogs = mark.afterSite === 0 ? behindMark : mergeSlices(behindMark, await list(0));
    mark = nextMark(behindMark, limit, new Set(backlogs.map(servedKey.job)).size);
    return { backlogs, isLast: mark.afterSite === 0 };
  };

  return async (signal) => {
    const startedMs = now();
    window = options.window();
    const held = new Map(await countReleased(database, laneId));
    allowances = adaptAll(allowances, held, { nowMs: startedMs, window });
    const drained = new Set<string>();
    let released = 0;
    // A full lane is looked at once a pass, for what is more urgent than that which fills it.
    const rounds = heldInAll(held).messages < window ? ROUNDS : 1;
    for (let round = 0; round < rounds && roomFor(0, window, heldInAll(held)) > 0; round += 1) {
      const slice = await listSlice();
      const open = slice.backlogs.filter((backlog) => !drained.has(servedKey.pair(backlog)));
      const result = await release({ backlogs: open, held, allowances, window, served }, signal);
      released += result.released;
      for (const backlog of result.drained) drained.add(servedKey.pair(backlog));
      if (slice.isLast && result.released === 0) break;
    }
    allowances = rememberHeld(allowances, held, { nowMs: startedMs, window });
    events.passEnded(now() - startedMs);
    const inLane = heldInAll(held).messages;
    events.laneFilled(laneId, { window, held: inLane });
    return { released, held: inLane };
  };
}

type ReleaseQuestion = {
  readonly backlogs: readonly Backlog[];
  /** What the lane holds, kept up to date. */
  readonly held: Map<number, HeldBySite>;
  readonly allowances: ReadonlyMap<number, SiteAllowance>;
  readonly window: number;
  readonly served: ServedRegister;
};

/** Releases what of some backlogs there is room for, and publishes it. */
function createRelease({ database, messaging, events, laneId }: LaneFeedOptions) {
  return async ({ backlogs, held, allowances, window, served }: ReleaseQuestion, signal: AbortSignal) => {
    const inAll = heldInAll(held);
    const room = (urgency: number): number => roomFor(urgency, window, inAll);
    const siteRoom = (siteId: number, urgency: number): number =>
      roomFor(urgency, allowances.get(siteId)?.allowance ?? Math.min(FIRST_ALLOWANCE, window), held.get(siteId));
    const releases = allocate({ backlogs, room, siteRoom, lastServed: served });
    if (releases.length === 0) return { released: 0, drained: [] };
    served.note(releases);
    const messages = await releaseWork(database, laneId, releases);
    noteHeld(held, messages);
    await publishUntilStop(
      messaging,
      messages.map((message) => laneMessage(laneId, message)),
      signal,
    );
    events.released(laneId, messages.length);
    const got = Map.groupBy(messages, servedKeyOfMessage);
    const drained = releases.filter((each) => (got.get(servedKey.pair(each))?.length ?? 0) < each.quota);
    return { released: messages.length, drained };
  };
}

type Moment = { readonly nowMs: number; readonly window: number };

function adaptAll(
  before: ReadonlyMap<number, SiteAllowance>,
  held: ReadonlyMap<number, HeldBySite>,
  moment: Moment,
): ReadonlyMap<number, SiteAllowance> {
  const siteIds = new Set([...before.keys(), ...held.keys()]);
  return new Map(
    [...siteIds].map((siteId) => [
      siteId,
      adaptAllowance(before.get(siteId), { ...moment, held: held.get(siteId)?.messages ?? 0 }),
    ]),
  );
}

/** What the next pass compares with. A site that holds nothing is forgotten: it begins anew. */
function rememberHeld(
  allowances: ReadonlyMap<number, SiteAllowance>,
  held: ReadonlyMap<number, HeldBySite>,
  moment: Moment,
): ReadonlyMap<number, SiteAllowance> {
  return new Map(
    [...held]
      .filter(([, { messages }]) => messages > 0)
      .map(([siteId, { messages }]) => {
        const known = allowances.get(siteId) ?? adaptAllowance(undefined, { ...moment, held: messages });
        return [siteId, { ...known, held: messages }];
      }),
  );
}

function servedKeyOfMessage({ jobNumber, siteId }: { readonly jobNumber: string; readonly siteId: number }): string {
  return servedKey.pair({ jobNumber, siteId, urgency: 0 });
}

function noteHeld(
  held: Map<number, HeldBySite>,
  released: readonly { readonly siteId: number; readonly urgency: number }[],
): void {
  for (const { siteId, urgency } of released) {
    const before = held.get(siteId) ?? { messages: 0, leastUrgent: 0 };
    held.set(siteId, { messages: before.messages + 1, leastUrgent: Math.max(before.leastUrgent, urgency) });
  }
}
