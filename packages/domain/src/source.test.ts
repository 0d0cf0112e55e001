import { expect, test } from 'vitest';

import { chooseSource, usableSources, type Source } from './source.ts';

const source = (publicId: number, weight: number, more: Partial<Source> = {}): Source => ({
  publicId,
  publicIp: `192.0.2.${publicId}`,
  heloName: 'mta.example',
  weight,
  pools: ['default'],
  ...more,
});

/** Shares in percent over an even sweep of the dice. */
function shares(sources: readonly Source[]): Record<number, number> {
  const draws = 10_000;
  const counts: Record<number, number> = {};
  for (let draw = 0; draw < draws; draw += 1) {
    const chosen = chooseSource(sources, draw / draws);
    if (chosen !== undefined) counts[chosen.publicId] = (counts[chosen.publicId] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).map(([id, count]) => [id, Math.floor((count / draws) * 100)]));
}

test('weights 5/5/1 are 45, 45 and 9 percent; without the first the rest share 83 to 16', () => {
  expect(shares([source(1, 5), source(2, 5), source(3, 1)])).toEqual({ 1: 45, 2: 45, 3: 9 });
  const rest = usableSources([source(1, 5, { paused: true }), source(2, 5), source(3, 1)], 'example.com');
  expect(shares(rest)).toEqual({ 2: 83, 3: 16 });
  expect(chooseSource([], 0.5)).toBeUndefined();
});

test.for<readonly [string, Partial<Source>, boolean]>([
  ['no masks', {}, true],
  ['included', { includeDomains: ['*.com'] }, true],
  ['not included', { includeDomains: ['*.org'] }, false],
  ['excluded', { excludeDomains: ['EXAMPLE.*'] }, false],
  ['included and excluded', { includeDomains: ['example.com'], excludeDomains: ['*.com'] }, false],
  ['paused', { paused: true }, false],
])('a source with %s', ([, more, may]) => {
  expect(usableSources([source(1, 1, more)], 'example.com')).toHaveLength(may ? 1 : 0);
});
