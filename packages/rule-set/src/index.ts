export { bundledRuleSet } from './bundled-rule-set.ts';
export { compareRulesInForce, compareRuleSets, isEmptyDiff } from './compare-rule-sets.ts';
export { derivedClientKey, derivedSigningKey, HUB_KEY_SHAPE } from './derived-keys.ts';
export { faultsOfContent, faultsOfRuleSet } from './faults-of-rule-set.ts';
export { openRuleSet, type OpenedRuleSet, type RuleSetRefusal } from './open-rule-set.ts';
export { rulesOf, toBounceRule, type RulesOfSet } from './rules-of.ts';
export { signRuleSet } from './sign-rule-set.ts';
export { readSigningKey, readTrustedKey, type SigningKey, type TrustedKey } from './keys.ts';
