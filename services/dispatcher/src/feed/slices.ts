import type { Backlog } from '@mxflow/db';

/**
 * Backlogs are listed in slices, since a job may have tens of thousands of sites: those behind a mark, which wanders
 * over all sites, and besides always the first of each job, so that a job with few sites is in every slice.
 */
export type SliceMark = {
  /** Sites with a greater id come next; 0 is the beginning. */
  readonly afterSite: number;
  /** Jobs found with something to feed when last listed; `undefined` before the first time. */
  readonly jobs: number | undefined;
};

export const FIRST_MARK: SliceMark = { afterSite: 0, jobs: undefined };

/** Pairs of job and site in one slice, about. */
const PAIRS_PER_SLICE = 2000;
/** Sites of a job in a slice at least, however many jobs there are, and as long as nothing is known of them. */
const MIN_SITES_PER_JOB = 4;

/** How many sites of each job the next slice may hold. */
export function sitesPerJob({ jobs }: SliceMark): number {
  if (jobs === undefined) return MIN_SITES_PER_JOB;
  return Math.max(MIN_SITES_PER_JOB, Math.floor(PAIRS_PER_SLICE / Math.max(1, jobs)));
}

/**
 * Where the next slice begins: behind the last site that is complete for every job that had more sites than the slice
 * could hold; at the beginning again where there was no such job.
 *
 * @param behindMark what was listed behind the mark, sites ascending within a job, at most `limit` of each job.
 * @param jobs of the whole slice.
 */
export function nextMark(behindMark: readonly Backlog[], limit: number, jobs: number): SliceMark {
  const full = [...Map.groupBy(behindMark, ({ jobNumber }) => jobNumber).values()].filter(
    (ofJob) => ofJob.length >= limit,
  );
  const lasts = full.map((ofJob) => ofJob.at(-1)?.siteId ?? 0);
  return { afterSite: lasts.length === 0 ? 0 : Math.min(...lasts), jobs };
}

/** One slice of both lists, each pair once. */
export function mergeSlices(behindMark: readonly Backlog[], fromStart: readonly Backlog[]): readonly Backlog[] {
  const merged = new Map<string, Backlog>();
  for (const backlog of [...behindMark, ...fromStart]) {
    merged.set(`${backlog.jobNumber}/${backlog.siteId}/${backlog.urgency}`, backlog);
  }
  return [...merged.values()];
}
