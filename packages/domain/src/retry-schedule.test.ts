import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_RETRY_SCHEDULE, nextAttemptAt, siteBackOffSeconds } from './retry-schedule.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Hours after acceptance at which a message that always fails at once is tried, within five days. */
function scheduleOf(greylisted: boolean): number[] {
  const hours: number[] = [];
  for (let now = 0, attempts = 1; ; attempts += 1) {
    const next = nextAttemptAt({
      schedule: DEFAULT_RETRY_SCHEDULE,
      validUntil: 5 * DAY,
      now,
      attempts,
      greylisted,
      jitter: 0.5,
    });
    if (next === undefined) return hours;
    hours.push(next / HOUR);
    now = next;
    if (hours.length > 50) return hours.slice(0, 12);
  }
}

test('by default after one hour, five times, then daily until the validity ends', () => {
  expect(scheduleOf(false)).toEqual([1, 2, 3, 4, 5, 29, 53, 77, 101]);
});

test('greylisted messages come back within minutes', () => {
  expect(scheduleOf(true)[0]).toBeCloseTo(5 / 60);
});

test('no attempt lies beyond the validity, and jitter moves it by a tenth at most', () => {
  fc.assert(
    fc.property(
      fc.nat(20),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      fc.nat(10 * DAY),
      (attempts, jitter, validUntil) => {
        const question = {
          schedule: DEFAULT_RETRY_SCHEDULE,
          validUntil,
          now: 0,
          attempts: attempts + 1,
          greylisted: false,
        };
        const next = nextAttemptAt({ ...question, jitter });
        if (next === undefined) return;
        expect(next).toBeLessThan(validUntil);
        const plain = nextAttemptAt({ ...question, validUntil: Infinity, jitter: 0.5 }) ?? 0;
        expect(Math.abs(next - plain) / plain).toBeLessThanOrEqual(0.1 + 1e-6);
      },
    ),
  );
});

test('a site rests 4 seconds, doubling to 10 minutes', () => {
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 20].map(siteBackOffSeconds)).toEqual([4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
});
