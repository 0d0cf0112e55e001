import { expect, test } from 'vitest';

import { DEFAULT_DOMAIN_RULES, domainMaskFault, domainRuleFor, type DomainRule } from './domain-rule.ts';

const rules: readonly DomainRule[] = [
  { id: 'but-this', mask: 'alive.gone.example', action: 'deliver' },
  { id: 'gone', mask: '*gone.example', action: 'no-mail' },
];

test.for<[domain: string, rule: string | undefined]>([
  ['gone.example', 'gone'],
  ['Mail.GONE.example', 'gone'],
  ['alive.gone.example', 'but-this'],
  ['gone.example.org', undefined],
])('%s meets %s', ([domain, rule]) => {
  expect(domainRuleFor(rules, domain)?.id).toBe(rule);
});

test.for<[mask: string, action: DomainRule['action'], isSound: boolean]>([
  ['gone.example', 'no-mail', true],
  ['*.gone.example', 'no-mail', true],
  ['*', 'no-mail', false],
  ['*.example', 'no-mail', false],
  ['?one.example', 'no-mail', false],
  ['example', 'no-mail', false],
  ['*', 'deliver', true],
  ['a b', 'deliver', false],
])('%s, %s: sound is %s', ([mask, action, isSound]) => {
  expect(domainMaskFault({ mask, action }) === undefined).toBe(isSound);
});

test('the bundled rules are sound', () => {
  expect(DEFAULT_DOMAIN_RULES.map(domainMaskFault).filter((fault) => fault !== undefined)).toEqual([]);
});
