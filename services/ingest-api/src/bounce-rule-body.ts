import { faultsOfRule } from '@mxflow/bounce';
import type { BounceRulePut, BounceRuleView } from '@mxflow/contracts';
import type { StoredBounceRule } from '@mxflow/db';
import type { BounceRule, FailureDetail } from '@mxflow/domain';
import { ProblemError } from '@mxflow/http-api';

/** The rule that a body holds, checked as a whole: pattern, cost, conditions and every example. */
export function bounceRuleOf(
  id: string,
  { enabled: _enabled, conditions, detail, ...body }: BounceRulePut,
): BounceRule {
  const given = Object.entries(conditions ?? {}).filter(([, choices]) => choices.length > 0);
  const rule: BounceRule = {
    id,
    ...body,
    detail: detail as FailureDetail,
    ...(given.length === 0 ? {} : { conditions: Object.fromEntries(given) }),
  };
  const faults = faultsOfRule(rule);
  if (faults.length === 0) return rule;
  throw new ProblemError('invalid', { faults });
}

export function viewBounceRule({ lastHitAt, conditions, ...rule }: StoredBounceRule): BounceRuleView {
  return {
    ...rule,
    where: [...rule.where],
    matches: [...rule.matches],
    leaves: [...rule.leaves],
    ...(conditions === undefined ? {} : { conditions: conditions as BounceRuleView['conditions'] & object }),
    ...(lastHitAt === null ? {} : { lastHitAt: lastHitAt.toISOString() }),
  };
}
