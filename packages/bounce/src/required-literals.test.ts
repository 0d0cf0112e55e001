import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, test } from 'vitest';

import { compileRules } from './compile-rules.ts';
import { DEFAULT_RULES } from './default-rules/index.ts';
import { plainLetters, plainPattern } from './letters.ts';
import { alternativesOf, requiredLiterals } from './required-literals.ts';
import { conditionsHold } from './rule.ts';

test.each([
  ['user unknown', [['user unknown']]],
  ['(user|account) (none|bad)', [['user none', 'user bad', 'account none', 'account bad']]],
  ['mailbox is not (known|kept)', [['mailbox is n']]],
  ['quota.*exceeded', [['exceeded'], ['quota']]],
  ['gr[ea]ylist', [['greylist', 'graylist']]],
  ['[[]ts0[0-9]', [['[ts0']]],
  ['mail ?box', [['mail box', 'mailbox']]],
  ['x*', []],
  ['(user|.)', []],
  ['\\d+ users', [[' users']]],
  ['(?i)user', []],
])('%s cannot match without %j', (pattern, literals) => {
  expect(requiredLiterals(pattern)).toEqual(literals);
});

test('a pattern is cut at its outermost bars only', () => {
  expect(alternativesOf('a|b(c|d)|[|]|e\\|f')).toEqual(['a', 'b(c|d)', '[|]', 'e\\|f']);
  expect(alternativesOf('(?i)a|b')).toEqual(['(?i)a|b']);
});

const WORDS = DEFAULT_RULES.flatMap(({ matches, leaves }) => [...matches, ...leaves]).flatMap((text) =>
  text.split(' '),
);

const SUBJECT = { replyCode: 550, enhancedStatus: '5.1.1', mxHost: undefined, sender: undefined };
const TEXTS = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 12 }).map((words) => words.join(' '));

/** The rule that is found by trying every pattern that `patternsOf` makes of a rule's. */
function foundOneByOne(patternsOf: (pattern: string) => readonly string[]): (text: string) => string | undefined {
  const tried = DEFAULT_RULES.filter(
    ({ where, conditions }) => where.includes('reply') && conditionsHold(conditions, SUBJECT),
  ).map(({ id, pattern }) => ({
    id,
    compiled: patternsOf(pattern).map((part) => RE2JS.compile(plainPattern(part), RE2JS.CASE_INSENSITIVE)),
  }));
  return (text) =>
    tried.find(({ compiled }) => compiled.some((pattern) => pattern.matcher(plainLetters(text)).find()))?.id;
}

// Whole patterns are what the search replaces: their automata grow with every text, so that few texts must do.
test.each([
  ['each alternative', alternativesOf, 120],
  ['each whole pattern', (pattern: string) => [pattern], 25],
])('the search by literals finds what trying %s finds', (_what, patternsOf, numRuns) => {
  const rules = compileRules(DEFAULT_RULES);
  const expected = foundOneByOne(patternsOf);
  fc.assert(
    fc.property(TEXTS, (text) => {
      expect(rules.firstMatch('reply', text, SUBJECT)?.id).toBe(expected(text));
    }),
    { numRuns },
  );
});
