import type { FailureReason, FailureType } from './disposition.ts';
import type { FailureDetail } from './failure-detail.ts';

/**
 * Where a rule looks. `reply`: what a server answered our own client. `diagnostic`: the reply that a report quotes.
 * `body`: what a report says in its own words. `status`: the enhanced status alone. `subject`: the report's subject.
 */
export const RULE_TARGETS = ['reply', 'diagnostic', 'status', 'subject', 'body'] as const;
export type RuleTarget = (typeof RULE_TARGETS)[number];

/** What must hold besides the pattern; what is left out does not matter. */
export type RuleConditions = {
  /** Reply codes by their beginning: `5`, `55`, `550`. */
  readonly replyCodes?: readonly string[];
  /** Enhanced statuses by their beginning: `5.7.`. */
  readonly enhancedStatuses?: readonly string[];
  /** Masks of MX hosts (`*.example.net`): the host that answered, or that the report names. */
  readonly mxMasks?: readonly string[];
  /** Ends of the address that wrote the report: `@example.net`, `example.net`. */
  readonly senders?: readonly string[];
};

/** One rule of an ordered set: the first that matches decides. */
export type BounceRule = {
  /** Unique; the delivery log names it. */
  readonly id: string;
  /** RE2 syntax, without regard to case and accents, found anywhere in the text on one line. */
  readonly pattern: string;
  readonly where: readonly RuleTarget[];
  readonly conditions?: RuleConditions;
  readonly reason: FailureReason;
  readonly type: FailureType;
  readonly detail: FailureDetail;
  /** Texts that it must match, its conditions included; at least one. */
  readonly matches: readonly string[];
  /** Texts that it must leave alone; at least one. */
  readonly leaves: readonly string[];
};
