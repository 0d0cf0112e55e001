import type { RuleSetContent } from '@mxflow/contracts';
import {
  readMxRule,
  type BounceRule,
  type DomainRule,
  type FailureDetail,
  type FeedbackAction,
  type FeedbackRule,
  type MxRule,
  type ReasonPolicy,
} from '@mxflow/domain';

/** A rule set as the parts of mxflow use it: what the document leaves out has its default. */
export type RulesOfSet = {
  /** In their order, origin `pulled`. */
  readonly mxRules: readonly MxRule[];
  readonly bounceRules: readonly BounceRule[];
  readonly feedbackRules: readonly FeedbackRule[];
  readonly domainRules: readonly DomainRule[];
  readonly policies: readonly ReasonPolicy[];
};

/** Reads the rules of a set without faults. Throws where an MX rule is none: ask `faultsOfContent` first. */
export function rulesOf({ mxRules, bounceRules, feedbackRules, domainRules, policies }: RuleSetContent): RulesOfSet {
  return {
    mxRules: mxRules.map(toMxRule),
    bounceRules: bounceRules.map(toBounceRule),
    feedbackRules: feedbackRules.map(toFeedbackRule),
    domainRules,
    policies,
  };
}

function toMxRule(written: RuleSetContent['mxRules'][number]): MxRule {
  const read = readMxRule(written, { id: written.id, isCustom: false });
  if (read.kind === 'rule') return { ...read.rule, origin: 'pulled' };
  const [fault] = read.faults;
  throw new Error(`MX rule ${written.id}: expected ${fault?.expected}, found ${fault?.found} at ${fault?.pointer}`);
}

/** Conditions that ask for nothing are left out: two rules that mean the same are equal. */
export function toBounceRule({ conditions, detail, ...rule }: RuleSetContent['bounceRules'][number]): BounceRule {
  const asked = Object.entries(conditions ?? {}).filter(([, choices]) => choices.length > 0);
  return {
    ...rule,
    detail: detail as FailureDetail,
    ...(asked.length === 0 ? {} : { conditions: Object.fromEntries(asked) }),
  };
}

export function toFeedbackRule({ action, ...rule }: RuleSetContent['feedbackRules'][number]): FeedbackRule {
  return { ...rule, action: toAction(action) };
}

function toAction({ kind, seconds, cap = 1 }: RuleSetContent['feedbackRules'][number]['action']): FeedbackAction {
  return kind === 'suspend' ? { kind, seconds } : { kind, seconds, cap };
}
