import fc from 'fast-check';
import { expect, test } from 'vitest';

import { adaptAllowance, FIRST_ALLOWANCE, STALLED_AFTER_MS, type SiteAllowance } from './allowance.ts';

const WINDOW = 2000;
const at = (allowance: number, held: number, rest: Partial<SiteAllowance> = {}): SiteAllowance => ({
  allowance,
  held,
  movedAtMs: 0,
  stalled: false,
  ...rest,
});

type Row = [what: string, before: SiteAllowance | undefined, held: number, nowMs: number, allowance: number];

test.for<Row>([
  ['a site of which nothing is known', undefined, 0, 50, 64],
  ['one that drained all it held', at(64, 64), 0, 50, 128],
  ['one that drained half', at(64, 64), 32, 50, 128],
  ['one that drained less than half', at(64, 64), 33, 50, 64],
  ['one that drained all, but held little of what it might', at(64, 31), 0, 50, 64],
  ['a fast one at the window', at(1500, 1500), 0, 50, WINDOW],
  ['one that drained nothing for a moment', at(512, 512), 512, 999, 512],
  ['one that drained nothing for a second', at(512, 512), 512, 1000, 64],
  ['one that comes back after a stall', at(64, 64, { stalled: true }), 0, 12_000, 64],
  ['one that held nothing', at(512, 0), 0, 60_000, 512],
])('%s', ([, before, held, nowMs, allowance]) => {
  expect(adaptAllowance(before, { held, nowMs, window: WINDOW }).allowance).toBe(allowance);
});

test('a window smaller than the first allowance bounds it', () => {
  expect(adaptAllowance(undefined, { held: 0, nowMs: 0, window: 10 }).allowance).toBe(10);
});

/** Runs passes 50 ms apart: the site drains what `drain` says, then is filled up to its allowance. */
function run(passes: number, drain: (held: number, pass: number) => number): readonly number[] {
  let state: SiteAllowance | undefined;
  const allowances: number[] = [];
  for (let pass = 0; pass < passes; pass += 1) {
    const before = state?.held ?? 0;
    const held = before - Math.min(before, drain(before, pass));
    const adapted = adaptAllowance(state, { held, nowMs: pass * 50, window: WINDOW });
    allowances.push(adapted.allowance);
    state = { ...adapted, held: Math.max(held, adapted.allowance) };
  }
  return allowances;
}

test('a site that drinks all it gets has the window after six passes', () => {
  expect(run(7, (held) => held)).toEqual([64, 128, 256, 512, 1024, 2000, 2000]);
});

test('a dead site never holds more than the first allowance, though all of it goes back after each time-out', () => {
  const everyTenSeconds = (held: number, pass: number): number => (pass % 200 === 199 ? held : 0);
  expect(Math.max(...run(2000, everyTenSeconds))).toBe(FIRST_ALLOWANCE);
});

test('whatever drains: between the first allowance and the window, and back at the first after a stall', () => {
  const anyDrains = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(anyDrains, (drains) => {
      const stall = STALLED_AFTER_MS / 50 + 1;
      const allowances = run(drains.length + stall, (_held, pass) => drains[pass] ?? 0);
      for (const allowance of allowances) {
        expect(allowance).toBeGreaterThanOrEqual(FIRST_ALLOWANCE);
        expect(allowance).toBeLessThanOrEqual(WINDOW);
      }
      expect(allowances.at(-1)).toBe(FIRST_ALLOWANCE);
    }),
  );
});
