import type { Backlog } from '@mxflow/db';
import { expect, test } from 'vitest';

import { FIRST_MARK, mergeSlices, nextMark, sitesPerJob } from './slices.ts';

const backlog = (jobNumber: string, siteId: number): Backlog => ({ jobNumber, siteId, urgency: 2 });

test.for<[what: string, jobs: number | undefined, sites: number]>([
  ['few before anything is known', undefined, 4],
  ['one job has the slice for itself', 1, 2000],
  ['no job', 0, 2000],
  ['many jobs share it', 100, 20],
  ['very many jobs still have a few each', 5000, 4],
])('sites of a job in a slice: %s', ([, jobs, sites]) => {
  expect(sitesPerJob({ afterSite: 0, jobs })).toBe(sites);
});

type Row = [what: string, behindMark: readonly Backlog[], afterSite: number];
test.for<Row>([
  ['nothing behind the mark', [], 0],
  ['all listed: from the start again', [backlog('1', 5), backlog('2', 9)], 0],
  ['one job was cut off: behind its last site', [backlog('1', 5), backlog('1', 8), backlog('2', 9)], 8],
  ['two were: behind the nearer', [backlog('1', 5), backlog('1', 8), backlog('2', 3), backlog('2', 6)], 6],
])('the next slice: %s', ([, behindMark, afterSite]) => {
  expect(nextMark(behindMark, 2, 2)).toEqual({ afterSite, jobs: 2 });
});

test('walking slice by slice meets every site of every job', () => {
  const all = [...Array(23).keys()].map((site) => backlog('1', site + 1)).concat([backlog('2', 7), backlog('2', 22)]);
  const list = (afterSite: number, limit: number): Backlog[] =>
    ['1', '2'].flatMap((job) =>
      all.filter(({ jobNumber, siteId }) => jobNumber === job && siteId > afterSite).slice(0, limit),
    );
  let mark = FIRST_MARK;
  const seen = new Set<string>();
  do {
    const behindMark = list(mark.afterSite, 4);
    for (const { jobNumber, siteId } of mergeSlices(behindMark, list(0, 4))) seen.add(`${jobNumber}/${siteId}`);
    mark = nextMark(behindMark, 4, 2);
  } while (mark.afterSite > 0);
  expect(seen.size).toBe(all.length);
});

test('a pair in both lists is one', () => {
  expect(mergeSlices([backlog('1', 5)], [backlog('1', 2), backlog('1', 5)])).toHaveLength(2);
});
