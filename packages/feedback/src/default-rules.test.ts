import { maskFault } from '@mxflow/domain';
import { expect, test } from 'vitest';

import { DEFAULT_FEEDBACK_RULES } from './default-rules.ts';
import { compileFeedback, feedbackFaults } from './match-feedback.ts';

test.for(DEFAULT_FEEDBACK_RULES.map((rule) => [rule.id, rule] as const))(
  '%s matches what it must, and nothing that it must not',
  ([, rule]) => {
    expect(feedbackFaults(rule)).toEqual([]);
    expect(rule.mask === '*' ? undefined : maskFault(rule.mask)).toBeUndefined();
  },
);

test('each rule is named once, and its own example comes to it at a host of its mask', () => {
  const match = compileFeedback(DEFAULT_FEEDBACK_RULES);
  expect(new Set(DEFAULT_FEEDBACK_RULES.map(({ id }) => id)).size).toBe(DEFAULT_FEEDBACK_RULES.length);
  for (const { id, mask, matches } of DEFAULT_FEEDBACK_RULES) {
    for (const reply of matches) expect(match(reply, mask.replace('*', 'mx1'))).toBe(id);
  }
});

test.for([
  ['250 2.0.0 OK', 'mta5.am0.yahoodns.net'],
  ['550 5.1.1 user unknown', 'mx.example.net'],
  ['452 4.2.2 mailbox full', 'gmail-smtp-in.l.google.com'],
  ['451 4.7.1 Greylisted, see postgrey', 'mx.example.net'],
])('an everyday reply calls for nothing: %s', ([reply = '', host = '']) => {
  expect(compileFeedback(DEFAULT_FEEDBACK_RULES)(reply, host)).toBeUndefined();
});

test('a pattern that cannot be run is a fault, not a crash', () => {
  const [rule] = DEFAULT_FEEDBACK_RULES;
  if (rule === undefined) throw new Error('expected a rule');
  expect(feedbackFaults({ ...rule, pattern: '(?=x)' })).toMatchObject([{ pointer: '/pattern' }]);
  expect(feedbackFaults({ ...rule, pattern: 'x*' })[0]).toMatchObject({ pointer: '/pattern', found: 'x*' });
  expect(feedbackFaults({ ...rule, passes: [] })).toMatchObject([{ pointer: '/passes', found: 'none' }]);
  const matches = [...rule.matches, 'nothing of the kind'];
  expect(feedbackFaults({ ...rule, matches })).toMatchObject([
    { pointer: '/matches/1', expected: expect.stringContaining('matches'), found: 'nothing of the kind' },
  ]);
});
