import fc from 'fast-check';
import { RE2JS } from 're2js';
import { expect, test } from 'vitest';

import { compileRules } from './compile-rules.ts';
import { DEFAULT_RULES } from './default-rules/index.ts';
import { alternativesOf, requiredLiterals } from './required-literals.ts';
import { conditionsHold } from './rule.ts';

test.each([
  ['user unknown', [['user unknown']]],
  ['(user|account) (unknown|invalid)', [['user unknown', 'user invalid', 'account unknown', 'account invalid']]],
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

test('the search by literals finds the rule that each pattern alone would find', () => {
  const rules = compileRules(DEFAULT_RULES);
  const compiled = DEFAULT_RULES.map((rule) => ({
    rule,
    pattern: RE2JS.compile(rule.pattern, RE2JS.CASE_INSENSITIVE),
  }));
  const words = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 12 });
  const subject = { replyCode: 550, enhancedStatus: '5.1.1', mxHost: undefined, sender: undefined };
  fc.assert(
    fc.property(words, (chosen) => {
      const text = chosen.join(' ');
      const expected = compiled.find(
        ({ rule, pattern }) =>
          rule.where.includes('reply') && conditionsHold(rule.conditions, subject) && pattern.matcher(text).find(),
      );
      expect(rules.firstMatch('reply', text, subject)?.id).toBe(expected?.rule.id);
    }),
    { numRuns: 1500 },
  );
});
