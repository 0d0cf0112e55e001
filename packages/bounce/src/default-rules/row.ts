import type { BounceRule, FailureDetail, FailureReason, FailureType, RuleTarget } from '@mxflow/domain';

/** What a table of rules says of every failure that it matches. */
export type Verdict = {
  readonly reason: FailureReason;
  readonly detail: FailureDetail;
  /** Where the rules look; a reply's text reads the same wherever it is quoted. */
  readonly where?: readonly RuleTarget[];
  readonly replyCodes?: readonly string[];
  readonly enhancedStatuses?: readonly string[];
};

/** `[name, alternatives, must match, must not match]`: the pattern is any of the alternatives. */
export type Row = readonly [
  name: string,
  alternatives: readonly string[],
  matches: readonly string[],
  leaves: readonly string[],
];

const EVERYWHERE: readonly RuleTarget[] = ['reply', 'diagnostic', 'body'];

/** Rules of a table; only `user-unknown` is hard: no other failure says that the address is dead. */
export function rulesOf(verdict: Verdict, rows: readonly Row[]): readonly BounceRule[] {
  const { replyCodes, enhancedStatuses } = verdict;
  const type: FailureType = verdict.reason === 'user-unknown' ? 'hard' : 'soft';
  return rows.map(([name, alternatives, matches, leaves]) => ({
    id: name,
    pattern: alternatives.join('|'),
    where: verdict.where ?? EVERYWHERE,
    ...(replyCodes || enhancedStatuses
      ? { conditions: { ...(replyCodes && { replyCodes }), ...(enhancedStatuses && { enhancedStatuses }) } }
      : {}),
    reason: verdict.reason,
    type,
    detail: verdict.detail,
    matches,
    leaves,
  }));
}
