import fc from 'fast-check';
import { expect, test } from 'vitest';

import { backoffMs } from './backoff.ts';

test('4 s doubling to 10 minutes, in the middle of the spread', () => {
  const waits = Array.from({ length: 10 }, (_, index) =>
    backoffMs({ failures: index + 1, firstMs: 4_000, maxMs: 600_000, jitter: 0.5 }),
  );
  expect(waits.map((ms) => ms / 1000)).toEqual([4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
});

test('within a quarter of the plain wait and never over the longest, however many failures', () => {
  const dice = fc.double({ min: 0, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000 }), dice, (failures, jitter) => {
      const ms = backoffMs({ failures, firstMs: 100, maxMs: 30_000, jitter });
      const plain = Math.min(30_000, 100 * 2 ** (failures - 1));
      expect(ms).toBeGreaterThanOrEqual(Math.floor(plain * 0.75));
      expect(ms).toBeLessThanOrEqual(Math.min(30_000, Math.ceil(plain * 1.25)));
    }),
  );
});
