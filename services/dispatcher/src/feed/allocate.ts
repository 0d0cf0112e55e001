import type { Backlog, Release } from '@mxflow/db';

/** When a job or a pair of job and site was last given something; what is absent never was. */
export type LastServed = ReadonlyMap<string, number>;

export type AllocationQuestion = {
  /** What may be fed, in any order. */
  readonly backlogs: readonly Backlog[];
  /** Messages of an urgency that the lane may still take: the more urgent may use a reserve. */
  readonly room: (urgency: number) => number;
  /** Messages of an urgency that a site may still take, whichever jobs they come from. */
  readonly siteRoom: (siteId: number, urgency: number) => number;
  readonly lastServed: LastServed;
};

/**
 * Divides the room of a lane. The more urgent comes first; among equals the jobs take turns, one message each, and
 * within a job its sites take turns. Whoever waited longest since it was last given something begins, so that nobody
 * starves however small the room is. Pure; its cost is that of the backlogs and the room.
 */
export function allocate({ backlogs, room, siteRoom, lastServed }: AllocationQuestion): readonly Release[] {
  const taken = { all: 0, bySite: new Map<number, number>() };
  const byUrgency = Map.groupBy(backlogs, ({ urgency }) => urgency);
  const urgencies = [...byUrgency.keys()].toSorted((one, other) => one - other);
  return urgencies.flatMap((urgency) => {
    const ofUrgency = byUrgency.get(urgency) ?? [];
    const sites = ofUrgency.map(({ siteId }): [number, number] => [
      siteId,
      siteRoom(siteId, urgency) - (taken.bySite.get(siteId) ?? 0),
    ]);
    const left = { room: room(urgency) - taken.all, sites: new Map(sites) };
    const releases = shareOut(queuesOf(ofUrgency, lastServed), left);
    for (const { siteId, quota } of releases) {
      taken.all += quota;
      taken.bySite.set(siteId, (taken.bySite.get(siteId) ?? 0) + quota);
    }
    return releases;
  });
}

/** What stands under a job, and under a pair of job and site, in `LastServed`. */
export const servedKey = {
  job: ({ jobNumber }: Backlog): string => jobNumber,
  pair: ({ jobNumber, siteId }: Backlog): string => `${jobNumber}/${siteId}`,
} as const;

type Pair = { readonly backlog: Backlog; quota: number };
/** A job's pairs that may still be given something; whose turn it is next. */
type JobQueue = { readonly pairs: Pair[]; next: number };

function queuesOf(backlogs: readonly Backlog[], lastServed: LastServed): readonly JobQueue[] {
  const waitedSince = (key: string): number => lastServed.get(key) ?? Number.NEGATIVE_INFINITY;
  const byJob = [...Map.groupBy(backlogs, servedKey.job)].map(([job, ofJob]) => ({ since: waitedSince(job), ofJob }));
  return byJob
    .toSorted((one, other) => inOrder(one.since, other.since))
    .map(({ ofJob }) => ({
      next: 0,
      pairs: ofJob
        .map((backlog) => ({ backlog, quota: 0, since: waitedSince(servedKey.pair(backlog)) }))
        .toSorted((one, other) => inOrder(one.since, other.since))
        .map(({ backlog, quota }) => ({ backlog, quota })),
    }));
}

/** Gives one message to each queue in turn until the room or the queues are used up. */
function shareOut(queues: readonly JobQueue[], left: { room: number; sites: Map<number, number> }): Release[] {
  const releases = new Set<Pair>();
  let open = queues;
  while (left.room > 0 && open.length > 0) {
    open = open.filter((queue) => {
      const pair = left.room > 0 ? takeTurn(queue, left.sites) : undefined;
      if (pair === undefined) return false;
      left.room -= 1;
      releases.add(pair);
      return true;
    });
  }
  return [...releases].map(({ backlog, quota }) => ({ ...backlog, quota }));
}

/** One message more for the pair whose turn it is; a pair whose site is full leaves the queue. */
function takeTurn(queue: JobQueue, siteRoom: Map<number, number>): Pair | undefined {
  while (queue.pairs.length > 0) {
    const at = queue.next % queue.pairs.length;
    const pair = queue.pairs[at];
    const room = pair === undefined ? 0 : (siteRoom.get(pair.backlog.siteId) ?? 0);
    if (pair !== undefined && room > 0) {
      siteRoom.set(pair.backlog.siteId, room - 1);
      pair.quota += 1;
      queue.next = at + 1;
      return pair;
    }
    queue.pairs.splice(at, 1);
    queue.next = at;
  }
  return undefined;
}

function inOrder(one: number, other: number): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
