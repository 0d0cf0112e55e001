import { DEFAULT_RULES } from '@mxflow/bounce';
import type { RuleSetContent } from '@mxflow/contracts';
import { DEFAULT_DOMAIN_RULES, DEFAULT_MX_RULES, DEFAULT_POLICIES } from '@mxflow/domain';
import { DEFAULT_FEEDBACK_RULES } from '@mxflow/feedback';

/** The rules that come with mxflow: the first draft of a new deliverability instance. */
export function bundledRuleSet(): RuleSetContent {
  const content = {
    mxRules: DEFAULT_MX_RULES.map(({ origin: _origin, ...rule }) => rule),
    bounceRules: DEFAULT_RULES,
    feedbackRules: DEFAULT_FEEDBACK_RULES,
    domainRules: DEFAULT_DOMAIN_RULES,
    policies: DEFAULT_POLICIES,
  };
  // As it would be read: lists of its own, and no field that holds nothing.
  return JSON.parse(JSON.stringify(content)) as RuleSetContent;
}
