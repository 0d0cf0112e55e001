import { DEFAULT_MX_RULES } from '@mxflow/domain';
import { Compile } from 'typebox/compile';
import { expect, test } from 'vitest';

import { MxRuleSet } from './rule-set.ts';

const ruleSet = Compile(MxRuleSet);
const mxRules = DEFAULT_MX_RULES.map(({ origin: _origin, ...rule }) => rule);

test('the bundled rules are a rule set document', () => {
  expect([...ruleSet.Errors({ mxRules })]).toEqual([]);
});

test('a rule without a limit is none', () => {
  const [first, ...others] = mxRules;
  const limits = { ...first?.limits, boost: { maxConnections: 1, maxMessagesPerConnection: 1 } };
  expect(ruleSet.Check({ mxRules: [{ ...first, limits }, ...others] })).toBe(false);
});
