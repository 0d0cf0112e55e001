import fc from 'fast-check';
import { expect, test } from 'vitest';

import { burstOf, draw, giveBack, openBucket, refillRateOf, rescale, settle, type Bucket } from './bucket.ts';

/** What a worker may do with a scope, after a pause of so many seconds. */
type Step =
  | { readonly kind: 'draw'; readonly wanted: number; readonly after: number }
  /** The worker at hand writes MAIL with up to so many of its tokens. */
  | { readonly kind: 'send'; readonly count: number; readonly after: number }
  | { readonly kind: 'reply'; readonly count: number; readonly after: number }
  | { readonly kind: 'give-back'; readonly count: number; readonly after: number }
  /** It is proven dead: whatever it had counts as sent. */
  | { readonly kind: 'die'; readonly after: number }
  | { readonly kind: 'rescale'; readonly perHour: number; readonly after: number };

const after = fc.oneof(fc.double({ min: 0, max: 3, noNaN: true }), fc.double({ min: 0, max: 2000, noNaN: true }));
const count = fc.integer({ min: 1, max: 300 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('draw' as const), wanted: count, after }),
  fc.record({ kind: fc.constant('send' as const), count, after }),
  fc.record({ kind: fc.constant('reply' as const), count, after }),
  fc.record({ kind: fc.constant('give-back' as const), count, after }),
  fc.record({ kind: fc.constant('die' as const), after }),
);

type Play = { readonly bucket: Bucket; readonly sentAt: readonly number[]; readonly rescaledAt: readonly number[] };

/** Plays steps: tokens are in hand, then under way once MAIL is written, then settled. */
function play(perHour: number, steps: readonly Step[], rescales = false): Play {
  let now = 0;
  let bucket = openBucket(perHour, now, 'full');
  let inHand = 0;
  let underWay = 0;
  const sentAt: number[] = [];
  const rescaledAt: number[] = [];
  for (const each of steps) {
    now += each.after;
    switch (each.kind) {
      case 'draw': {
        const drawn = draw(bucket, each.wanted, now);
        bucket = drawn.bucket;
        inHand += drawn.tokens;
        break;
      }
      case 'send': {
        const sent = Math.min(each.count, inHand);
        inHand -= sent;
        underWay += sent;
        for (let number = 0; number < sent; number += 1) sentAt.push(now);
        break;
      }
      case 'reply': {
        const replied = Math.min(each.count, underWay);
        underWay -= replied;
        bucket = settle(bucket, replied, now);
        break;
      }
      case 'give-back': {
        const back = Math.min(each.count, inHand);
        inHand -= back;
        bucket = giveBack(bucket, back, now);
        break;
      }
      case 'die':
        bucket = settle(bucket, inHand + underWay, now);
        inHand = 0;
        underWay = 0;
        break;
      case 'rescale':
        if (!rescales) break;
        // As workers do when the rules change: what is in hand goes back first.
        bucket = giveBack(bucket, inHand, now);
        inHand = 0;
        bucket = rescale(bucket, each.perHour, now);
        rescaledAt.push(now);
        break;
    }
    expect(bucket.level).toBeGreaterThanOrEqual(0);
    expect(bucket.outstanding).toBe(inHand + underWay);
  }
  return { bucket, sentAt, rescaledAt };
}

function worstHour(sentAt: readonly number[]): number {
  let worst = 0;
  let first = 0;
  for (const [index, at] of sentAt.entries()) {
    while ((sentAt[first] ?? at) <= at - 3600) first += 1;
    worst = Math.max(worst, index - first + 1);
  }
  return worst;
}

const perHour = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 20_000 }));

test('no hour exceeds the figure, however draws, stalls, give-backs and deaths interleave', () => {
  fc.assert(
    fc.property(perHour, fc.array(step, { maxLength: 400 }), (figure, steps) => {
      expect(worstHour(play(figure, steps).sentAt)).toBeLessThanOrEqual(figure);
    }),
    { numRuns: 500 },
  );
});

test('across changes of the figure, no hour exceeds the largest that held in it', () => {
  const change = fc.record({ kind: fc.constant('rescale' as const), perHour, after });
  const steps = fc.array(fc.oneof({ weight: 8, arbitrary: step }, { weight: 1, arbitrary: change }), {
    maxLength: 400,
  });
  fc.assert(
    fc.property(perHour, steps, (figure, all) => {
      const figures = all.flatMap((each) => (each.kind === 'rescale' ? [each.perHour] : []));
      expect(worstHour(play(figure, all, true).sentAt)).toBeLessThanOrEqual(Math.max(figure, ...figures));
    }),
    { numRuns: 500 },
  );
});

test('tokens kept for long and sent at once do not add to what is refilled meanwhile', () => {
  const figure = 10_000;
  let bucket = openBucket(figure, 0, 'full');
  const { tokens, bucket: drawn } = draw(bucket, figure, 0);
  expect(tokens).toBe(120);
  bucket = drawn;
  // Outstanding for an hour: nothing is refilled.
  expect(draw(bucket, figure, 3600).tokens).toBe(0);
});

test.for([100, 250, 1000, 10_000, 140_000])('with a backlog at least 98 %% of %i an hour is used', (figure) => {
  let bucket = openBucket(figure, 0, 'empty');
  const replies: { readonly at: number; readonly tokens: number }[] = [];
  let sent = 0;
  // Asked ten times a second, replies after 200 ms, over three hours.
  for (let tick = 0; tick < 3 * 36_000; tick += 1) {
    const now = tick / 10;
    while (replies[0] !== undefined && replies[0].at <= now) bucket = settle(bucket, replies.shift()?.tokens ?? 0, now);
    const drawn = draw(bucket, Math.max(1, Math.ceil(refillRateOf(figure) * 2)), now);
    bucket = drawn.bucket;
    if (drawn.tokens > 0) replies.push({ at: now + 0.2, tokens: drawn.tokens });
    sent += drawn.tokens;
  }
  expect(sent / (3 * figure)).toBeGreaterThanOrEqual(0.98);
});

test('the burst is 1.2 % of the figure, and at least one', () => {
  expect([1, 83, 100, 1000, 10_000].map(burstOf)).toEqual([1, 1, 1, 12, 120]);
});
