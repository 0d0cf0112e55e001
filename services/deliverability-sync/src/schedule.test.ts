import { expect, test } from 'vitest';

import { dayToSettle, latestDue, nextDue, retryAfterMs, type Schedule } from './schedule.ts';

const paris: Schedule = { at: '02:30', zone: 'Europe/Paris', jitterMs: 0 };
const utc = (text: string): number => Date.parse(`${text}Z`);

type Row = readonly [name: string, now: string, schedule: Schedule, spread: number, latest: string, next: string];

test.for<Row>([
  ['before the time of day, yesterday is due', '2026-01-15T01:00', paris, 0, '2026-01-14', '2026-01-15T01:30'],
  ['at that time, today', '2026-01-15T01:30', paris, 0, '2026-01-15', '2026-01-16T01:30'],
  [
    'an instance has its own place in the time of jitter',
    '2026-01-15T02:00',
    { ...paris, jitterMs: 3_600_000 },
    0.75,
    '2026-01-14',
    '2026-01-15T02:15',
  ],
  [
    'with jitter a sync may begin on the next day',
    '2026-01-16T00:10',
    { ...paris, at: '23:30', jitterMs: 7_200_000 },
    0.9,
    '2026-01-14',
    '2026-01-16T00:18',
  ],
  [
    'an hour that the clocks leave out is the one that they are put forward to',
    '2026-03-29T00:59',
    paris,
    0,
    '2026-03-28',
    '2026-03-29T01:30',
  ],
  ['an hour that comes twice is the first', '2026-10-25T00:30', paris, 0, '2026-10-25', '2026-10-26T01:30'],
  [
    'a day that begins without midnight is a day',
    '2026-09-06T12:00',
    { ...paris, at: '00:00', zone: 'America/Santiago' },
    0,
    '2026-09-06',
    '2026-09-07T03:00',
  ],
])('%s', ([, now, schedule, spread, latest, next]) => {
  expect(latestDue(utc(now), schedule, spread).day).toBe(latest);
  expect(nextDue(utc(now), schedule, spread).atMs).toBe(utc(next));
});

test('every day of a year is due exactly once, in any zone', () => {
  for (const zone of ['Europe/Paris', 'Australia/Lord_Howe']) {
    const days: string[] = [];
    for (let now = utc('2026-01-01T12:00'); now < utc('2027-01-01T12:00'); now += 3_600_000) {
      const { day } = latestDue(now, { at: '02:15', zone, jitterMs: 3_600_000 }, 0.5);
      if (day !== days.at(-1)) days.push(day);
    }
    expect(days.length).toBe(366);
    expect(days).toEqual([...new Set(days)].toSorted());
  }
});

test('who fails waits twice as long each time, up to some hours', () => {
  expect([1, 2, 3, 7, 20].map((failures) => retryAfterMs(failures, 0.5) / 60_000)).toEqual([1, 2, 4, 64, 240]);
});

test.for<readonly [name: string, settledDay: string | null, day: string]>([
  ['never before', null, '2026-01-15'],
  ['yesterday', '2026-01-14', '2026-01-15'],
  ['today', '2026-01-15', '2026-01-15'],
  ['tomorrow, before the time of day was put off', '2026-01-16', '2026-01-16'],
  ['a day that only a wrong clock can have seen', '2027-01-15', '2026-01-15'],
])('settled %s', ([, settledDay, day]) => {
  expect(dayToSettle({ now: new Date(utc('2026-01-15T02:00')), spread: 0, settledDay }, paris)).toBe(day);
});
