import { expect, test } from 'vitest';

import { DEFAULT_RAMP, rampStep, type RampFacts } from './ramp.ts';
import type { Preset } from './level.ts';

const clean: RampFacts = { messages: 10_000, hard: 200, complaints: 10 };

test.for<readonly [string, Preset, number, RampFacts, string, Preset | undefined]>([
  ['is promoted after its days, at the thresholds', 'slow', 7, clean, 'promote', 'normal'],
  ['waits for its days', 'slow', 6.9, clean, 'stay', undefined],
  ['comes down at once for hard bounces', 'fast', 0.1, { ...clean, hard: 201 }, 'demote', 'normal'],
  ['comes down at once for complaints', 'boost', 30, { ...clean, complaints: 11 }, 'demote', 'very-fast'],
  ['cannot fall below Slow', 'slow', 7, { ...clean, hard: 9000 }, 'stay', undefined],
  ['stays at the top', 'boost', 30, clean, 'stay', undefined],
  ['proves nothing with few messages', 'slow', 30, { messages: 499, hard: 499, complaints: 0 }, 'stay', undefined],
])('a source %s', ([, level, daysAtLevel, facts, kind, next]) => {
  const step = rampStep(DEFAULT_RAMP, { level, daysAtLevel, facts });
  expect(step).toMatchObject({ kind, ...(next === undefined ? {} : { level: next }) });
});
