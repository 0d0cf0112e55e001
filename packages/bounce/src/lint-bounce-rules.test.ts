import type { BounceRule } from '@mxflow/domain';
import { expect, test } from 'vitest';

import { DEFAULT_RULES, faultsOfRule, lintBounceRules } from './index.ts';

const rule = (id: string, pattern: string, change: Partial<BounceRule> = {}): BounceRule => ({
  id,
  pattern,
  where: ['reply'],
  reason: 'refused',
  type: 'soft',
  detail: 'policy',
  matches: [`550 ${pattern}`],
  leaves: ['250 ok'],
  ...change,
});
const found = async (rules: readonly BounceRule[]) =>
  (await lintBounceRules(rules)).map(({ kind, ruleId }) => `${kind} ${ruleId}`);

test('rules that do not touch each other are nothing to speak of', async () => {
  expect(await found([rule('one', 'go away'), rule('other', 'come later')])).toEqual([]);
});

test('no default rule is idle: each decides an example of its own', async () => {
  const idle = (await lintBounceRules(DEFAULT_RULES)).filter(({ kind }) => kind !== 'contradicted');
  expect(idle).toEqual([]);
});

test('the same question asked twice is a duplicate, whatever the order of its parts', async () => {
  const conditions = { replyCodes: ['4', '5'] };
  const twin = rule('twin', 'go away', { conditions: { replyCodes: ['5', '4'] }, where: ['reply', 'body'] });
  expect(await found([rule('one', 'go away', { conditions, where: ['body', 'reply'] }), twin])).toEqual([
    'duplicate twin',
  ]);
});

test('a rule whose examples all go to an earlier one is shadowed, unless it also looks where that one does not', async () => {
  const wide = rule('wide', 'go');
  expect(await found([wide, rule('narrow', 'go away')])).toEqual(['shadowed narrow']);
  expect(await found([rule('narrow', 'go away'), wide])).toEqual([]);
  expect(await found([wide, rule('narrow', 'go away', { where: ['reply', 'subject'] })])).toEqual([]);
});

test('a condition of the earlier rule that the example does not meet lets it through', async () => {
  const narrow = rule('narrow', 'go away', { conditions: { mxMasks: ['*.shop.test'], senders: ['@shop.test'] } });
  expect(await found([rule('wide', 'go', { conditions: { mxMasks: ['*.other.test'] } }), narrow])).toEqual([]);
  expect(await found([rule('wide', 'go', { conditions: { mxMasks: ['*.shop.test'] } }), narrow])).toEqual([
    'shadowed narrow',
  ]);
});

test('one example that an earlier rule reads otherwise contradicts', async () => {
  const matches = ['550 user unknown, go away', '550 user unknown'];
  const unknown = rule('unknown', 'user unknown', { reason: 'user-unknown', type: 'hard', matches });
  expect(await found([rule('wide', 'go away'), unknown])).toEqual(['contradicted unknown']);
});

test('each fault is told at its place', () => {
  const pointers = (change: Partial<BounceRule>) =>
    faultsOfRule(rule('one', 'go away', change)).map(({ pointer }) => pointer);
  expect(pointers({})).toEqual([]);
  expect(pointers({ pattern: 'a(?=b)' })).toEqual(['/pattern']);
  expect(pointers({ pattern: 'a{0,99}b' })).toEqual(['/pattern']);
  expect(pointers({ where: [], matches: ['550 go away', '550 stay'], leaves: ['go away'] })).toEqual([
    '/where',
    '/matches/1',
    '/leaves/0',
  ]);
  expect(pointers({ conditions: { replyCodes: ['4'] } })).toEqual(['/matches/0']);
});
