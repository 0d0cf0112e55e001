import type { Backlog } from '@mxflow/db';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { allocate, servedKey, type AllocationQuestion } from './allocate.ts';
import { createServedRegister } from './served.ts';

const backlog = (jobNumber: string, siteId: number, urgency = 2): Backlog => ({ jobNumber, siteId, urgency });
const nobody = new Map<string, number>();

/** Releases as `job/site: quota`. */
function shares(question: Partial<AllocationQuestion>): Record<string, number> {
  const releases = allocate({ backlogs: [], room: () => 100, siteRoom: () => 1000, lastServed: nobody, ...question });
  return Object.fromEntries(releases.map((release) => [servedKey.pair(release), release.quota]));
}

type Row = [what: string, question: Partial<AllocationQuestion>, expected: Record<string, number>];

test.for<Row>([
  ['nothing to feed', { backlogs: [] }, {}],
  ['no room', { backlogs: [backlog('1', 1)], room: () => 0 }, {}],
  ['one backlog gets all the room', { backlogs: [backlog('1', 1)] }, { '1/1': 100 }],
  [
    'two jobs share, whatever the number of their sites',
    { backlogs: [backlog('1', 1), backlog('2', 1), backlog('2', 2), backlog('2', 3), backlog('2', 4)] },
    { '1/1': 50, '2/1': 13, '2/2': 13, '2/3': 12, '2/4': 12 },
  ],
  [
    'the more urgent first, and the rest of the room to the others',
    { backlogs: [backlog('1', 1, 2), backlog('2', 2, 0)], siteRoom: () => 64 },
    { '2/2': 64, '1/1': 36 },
  ],
  [
    'the more urgent go beyond the limit of lane and site, the others do not',
    {
      backlogs: [backlog('1', 1, 2), backlog('2', 1, 0)],
      room: (urgency) => (urgency === 0 ? 16 : 0),
      siteRoom: (_site, urgency) => (urgency === 0 ? 20 : 4),
    },
    { '2/1': 16 },
  ],
  [
    'a full site gets nothing, and its part goes to the others',
    { backlogs: [backlog('1', 1), backlog('1', 2)], siteRoom: (siteId) => (siteId === 1 ? 0 : 1000) },
    { '1/2': 100 },
  ],
  [
    'a site is full for all jobs together',
    { backlogs: [backlog('1', 1), backlog('2', 1)], siteRoom: () => 64 },
    { '1/1': 32, '2/1': 32 },
  ],
  [
    'a job whose sites are full leaves the room to others',
    { backlogs: [backlog('1', 1), backlog('2', 2)], siteRoom: (siteId) => (siteId === 1 ? 10 : 1000) },
    { '1/1': 10, '2/2': 90 },
  ],
  [
    'who waited longest comes first when there is not room for all',
    {
      backlogs: [backlog('1', 1), backlog('2', 1), backlog('3', 1)],
      room: () => 2,
      lastServed: new Map([
        ['1', 7],
        ['2', 6],
      ]),
    },
    { '3/1': 1, '2/1': 1 },
  ],
])('%s', ([, question, expected]) => {
  expect(shares(question)).toEqual(expected);
});

const anyBacklogs = fc
  .uniqueArray(fc.record({ job: fc.integer({ min: 1, max: 6 }), siteId: fc.integer({ min: 1, max: 8 }) }), {
    selector: ({ job, siteId }) => `${job}/${siteId}`,
    maxLength: 40,
  })
  .map((pairs) => pairs.map(({ job, siteId }) => backlog(String(job), siteId, job % 3)));

test('never more than the room, never more than a site may take, and nothing left over that somebody could take', () => {
  const anyRooms = fc.array(fc.integer({ min: -5, max: 40 }), { minLength: 9, maxLength: 9 });
  fc.assert(
    fc.property(anyBacklogs, fc.integer({ min: 0, max: 200 }), anyRooms, (backlogs, room, siteRooms) => {
      const siteRoom = (siteId: number): number => siteRooms[siteId] ?? 0;
      const releases = allocate({ backlogs, room: () => room, siteRoom, lastServed: nobody });
      const sum = releases.reduce((total, { quota }) => total + quota, 0);
      const sites = [...new Set(backlogs.map(({ siteId }) => siteId))];
      const takeable = sites.reduce((total, siteId) => total + Math.max(0, siteRoom(siteId)), 0);
      expect(sum).toBe(Math.min(room, takeable));
      for (const siteId of sites) {
        const given = releases
          .filter((release) => release.siteId === siteId)
          .reduce((all, { quota }) => all + quota, 0);
        expect(given).toBeLessThanOrEqual(Math.max(0, siteRoom(siteId)));
      }
      for (const { quota } of releases) expect(quota).toBeGreaterThan(0);
    }),
  );
});

test('jobs of the same urgency get the same, but for one message, where no site is full', () => {
  fc.assert(
    fc.property(anyBacklogs, fc.integer({ min: 0, max: 200 }), (backlogs, room) => {
      const equal = backlogs.map((each) => ({ ...each, urgency: 1 }));
      const releases = allocate({ backlogs: equal, room: () => room, siteRoom: () => 1000, lastServed: nobody });
      const byJob = new Map(equal.map(({ jobNumber }) => [jobNumber, 0]));
      for (const { jobNumber, quota } of releases) byJob.set(jobNumber, (byJob.get(jobNumber) ?? 0) + quota);
      expect(Math.max(0, ...byJob.values()) - Math.min(...byJob.values(), Infinity)).toBeLessThanOrEqual(1);
    }),
  );
});

test('nobody starves: with room for a few at a time every pair is served in turn', () => {
  fc.assert(
    fc.property(anyBacklogs, fc.integer({ min: 1, max: 5 }), (backlogs, room) => {
      const equal = backlogs.map((each) => ({ ...each, urgency: 1 }));
      const served = createServedRegister();
      const jobs = new Set(equal.map(servedKey.job)).size;
      const sites = new Set(equal.map(({ siteId }) => siteId)).size;
      for (let pass = 0; pass < jobs * sites; pass += 1) {
        served.note(allocate({ backlogs: equal, room: () => room, siteRoom: () => 1000, lastServed: served }));
      }
      for (const each of equal) expect(served.has(servedKey.pair(each))).toBe(true);
    }),
  );
});
