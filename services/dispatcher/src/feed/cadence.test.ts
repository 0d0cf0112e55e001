import { expect, test } from 'vitest';

import { nextWaitMs, type PassResult } from './cadence.ts';

function waits(passes: readonly PassResult[]): readonly number[] {
  let last = 0;
  return passes.map((pass) => (last = nextWaitMs(last, pass)));
}

const moved = { released: 5, held: 5 };
const idle = { released: 0, held: 0 };
const stuck = { released: 0, held: 9 };

test('soon while messages move, backing off while none do', () => {
  expect(waits([moved, moved, idle, idle, idle, idle, idle, idle])).toEqual([
    100, 100, 200, 400, 800, 1000, 1000, 1000,
  ]);
});

test('a lane that holds messages is looked at more often than an empty one', () => {
  expect(waits([stuck, stuck, stuck, stuck, moved])).toEqual([200, 200, 200, 200, 100]);
});
