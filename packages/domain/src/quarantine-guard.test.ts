import fc from 'fast-check';
import { expect, test } from 'vitest';

import { isAlarming, passGuard, passMailGuard, shareOut, usualShare } from './quarantine-guard.ts';

const terms = { guardAddresses: 50, share: 0.05 };
type Batch = { readonly messages: number; readonly suspects: number; readonly hours?: number };

/** Lets batches pass one after another, as they come from any number of recorders. */
function pass(batches: readonly Batch[], from = 0): { admitted: number; held: number; level: number } {
  let level = from;
  let [admitted, held] = [0, 0];
  for (const { messages, suspects, hours = 0 } of batches) {
    const decision = passGuard({ level, elapsedMessages: 0, elapsedHours: hours, messages, suspects }, terms);
    admitted += decision.admitted;
    held += suspects - decision.admitted;
    level = decision.level;
  }
  return { admitted, held, level };
}
const repeat = (count: number, batch: Batch) => Array.from({ length: count }, () => batch);

test.for<readonly [title: string, passed: ReturnType<typeof pass>, expected: object]>([
  ['one unknown in a hundred is usual', pass(repeat(5000, { messages: 100, suspects: 1 })), { held: 0, level: 0 }],
  ['a small site may be dead as a whole', pass(repeat(40, { messages: 1, suspects: 1 })), { admitted: 40, held: 0 }],
  ['an outage in batches of 500', pass(repeat(100, { messages: 500, suspects: 500 })), { admitted: 50, level: 100 }],
  ['an outage message by message', pass(repeat(5000, { messages: 1, suspects: 1 })), { admitted: 52, level: 100 }],
  ['half an outage', pass(repeat(100, { messages: 500, suspects: 250 })), { admitted: 50 }],
  [
    'an outage right after a long good time',
    pass([{ messages: 1e6, suspects: 0 }, ...repeat(10, { messages: 500, suspects: 500 })]),
    { admitted: 50 },
  ],
  [
    'a dead site that hears from us now and then',
    pass(repeat(400, { messages: 2, suspects: 2, hours: 24 })),
    { held: 0 },
  ],
])('%s', ([, passed, expected]) => {
  expect(passed).toMatchObject(expected);
});

test('after an outage it takes some good messages until errors are believed again', () => {
  const { level } = pass(repeat(100, { messages: 500, suspects: 500 }));
  expect(isAlarming(level, terms)).toBe(true);
  expect(pass([{ messages: 500, suspects: 2 }], level)).toMatchObject({ admitted: 0 });
  expect(pass([{ messages: 1500, suspects: 5 }], level)).toMatchObject({ admitted: 5 });
});

test('however an outage is cut into batches, it sends at most so many addresses to quarantine, and a few', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5000 }), { maxLength: 300 }), (sizes) => {
      const { admitted, held } = pass(sizes.map((size) => ({ messages: size, suspects: size })));
      // A suspect raises the level by a little less than one.
      expect(admitted).toBeLessThanOrEqual(terms.guardAddresses / (1 - terms.share));
      expect(admitted + held).toBe(sizes.reduce((sum, size) => sum + size, 0));
    }),
  );
});

test('a level stays between zero and twice its limit, and admits no more than there are', () => {
  const figure = fc.nat({ max: 10_000 });
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 100, noNaN: true }),
      figure,
      figure,
      figure,
      (level, elapsed, messages, suspects) => {
        const decision = passGuard({ level, elapsedMessages: elapsed, elapsedHours: 0, messages, suspects }, terms);
        expect(decision.level).toBeGreaterThanOrEqual(0);
        expect(decision.level).toBeLessThanOrEqual(100);
        expect(decision.admitted).toBeGreaterThanOrEqual(0);
        expect(decision.admitted).toBeLessThanOrEqual(suspects);
      },
    ),
  );
});

test('a provider lets through what its sites do, in their order, until it is full; never more, and never for nobody', () => {
  expect(shareOut(10, [3, 0, 4, 5, 6])).toEqual([3, 0, 4, 3, 0]);
  expect(shareOut(100, [3, 4])).toEqual([3, 4]);
  fc.assert(
    fc.property(fc.nat({ max: 200 }), fc.array(fc.nat({ max: 100 })), (room, wanted) => {
      const total = (figures: readonly number[]): number => figures.reduce((sum, each) => sum + each, 0);
      const shares = shareOut(room, wanted);
      expect(total(shares)).toBe(Math.min(room, total(wanted)));
      expect(shares.every((share, n) => share >= 0 && share <= (wanted[n] ?? 0))).toBe(true);
    }),
  );
});

test.for<readonly [title: string, history: { messages: number; quarantined: number }, share: number]>([
  ['no history', { messages: 0, quarantined: 0 }, 0.05],
  ['half a percent', { messages: 10_000, quarantined: 50 }, 0.05],
  ['a site with many unknown', { messages: 10_000, quarantined: 300 }, 0.3],
  ['a site with nothing else', { messages: 100, quarantined: 100 }, 0.9],
])('the usual share: %s', ([, history, share]) => {
  expect(usualShare(history, { guardPercent: 5, guardFactor: 10 })).toBeCloseTo(share, 10);
});

test.for<
  readonly [
    title: string,
    mailed: Omit<Parameters<typeof passMailGuard>[0], 'mailedLately'> & { lately?: number },
    admitted: number,
  ]
>([
  ['the usual share of a day', { messages: 100_000, quarantined: 0, suspects: 90 }, 90],
  ['more than that', { messages: 100_000, quarantined: 4990, suspects: 90 }, 10],
  ['an outage of a large site', { messages: 1e6, quarantined: 0, suspects: 20_000 }, 100],
  ['and its next mails', { messages: 1e6, quarantined: 100, lately: 100, suspects: 20_000 }, 0],
  ['a large site whose replies have told of many', { messages: 1e6, quarantined: 4000, lately: 3, suspects: 20 }, 20],
  ['a small site', { messages: 20, quarantined: 0, suspects: 20 }, 20],
  ['everything of a middling site', { messages: 500, quarantined: 0, suspects: 500 }, 50],
  ['nothing is left', { messages: 500, quarantined: 60, suspects: 500 }, 0],
])('by mail: %s', ([, { lately: mailedLately = 0, ...mailed }, admitted]) => {
  expect(passMailGuard({ ...mailed, mailedLately }, terms)).toBe(admitted);
});
