import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, test } from 'vitest';

import { automatonOf } from './automaton.ts';
import { DEFAULT_RULES } from './default-rules/index.ts';
import { plainPattern } from './letters.ts';

const PATTERNS = [
  '^a',
  'a$',
  '(?m)^b$',
  '(?s)a.b',
  'a.b',
  '\\bab\\b',
  '\\Bb',
  '\\Ab|b\\z',
  '[^a]b',
  'a{2,3}b?$',
  '(a|b)*c',
  '(a|^)(b|$)',
  '\\x{1f4e7}b',
  '[\\x{10000}-\\x{10ffff}]$',
  '\\p{Cyrillic}+ \\d',
  '\\p{L}\\p{N}|_\\p{L}$',
  '.{2}ж',
  'x*',
  '',
];

/** Letters that these patterns tell apart, halves of a pair of surrogates among them. */
const TEXTS = fc.string({
  unit: fc.constantFrom('a', 'b', 'c', '_', ' ', '\n', '1', 'ж', 'é', 'ſ', '拒', '\u{1f4e7}', '\ud83d', '\udce7'),
  maxLength: 12,
});

test.each(PATTERNS)('the automaton of %j finds what RE2 finds', (pattern) => {
  const engine = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
  const fits = automatonOf(pattern);
  fc.assert(
    fc.property(TEXTS, (text) => {
      expect(fits(text)).toBe(engine.test(text));
    }),
    { numRuns: 300 },
  );
});

test('so do those of the default rules, on the examples of all', () => {
  const texts = DEFAULT_RULES.flatMap(({ matches }) => matches).map((text) => text.toLowerCase());
  for (const { pattern } of DEFAULT_RULES.filter((_rule, number) => number % 10 === 0)) {
    const engine = RE2JS.compile(plainPattern(pattern), RE2JS.CASE_INSENSITIVE);
    const fits = automatonOf(plainPattern(pattern));
    expect(texts.filter(fits)).toEqual(texts.filter((text) => engine.test(text)));
  }
});

test('a text that needs more states than are kept is answered all the same, and so are those after it', () => {
  // Which of the last eleven letters were an a: 2,048 states.
  const pattern = 'a.{11}b$';
  const engine = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
  const fits = automatonOf(pattern);
  const texts = fc.sample(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 100, maxLength: 400 }), {
    numRuns: 200,
    seed: 1,
  });
  const found = texts.filter((text) => engine.test(text));
  expect(found.length).toBeGreaterThan(20);
  expect(texts.filter(fits)).toEqual(found);
  expect(texts.filter(fits)).toEqual(found);
});
