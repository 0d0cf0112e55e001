import {
  FAILURE_REASONS,
  type BounceRule,
  type DomainRule,
  type FeedbackRule,
  type Level,
  type MxRule,
  type ReasonPolicy,
} from '@mxflow/domain';

import { readBounceRules } from './bounce-rules.ts';
import type { Reads, Statements } from './database.ts';
import { listFeedbackRules } from './feedback.ts';
import { readRuleSet } from './mx-rules.ts';
import { readQuarantineTerms } from './quarantine-entries.ts';

/** Everything that a rule set has a say in, as it holds here: with operators' own rules, without what is switched off. */
export type RulesInForce = {
  readonly level: Level;
  /** Of sources that have one of their own. */
  readonly sourceLevels: readonly Level[];
  readonly mxRules: readonly MxRule[];
  readonly bounceRules: readonly BounceRule[];
  readonly feedbackRules: readonly FeedbackRule[];
  readonly domainRules: readonly DomainRule[];
  readonly policies: readonly ReasonPolicy[];
};

/** Tells what leads from one to the other. */
export type CompareRules = (before: RulesInForce, after: RulesInForce) => object;

export async function readRulesInForce(database: Reads): Promise<RulesInForce> {
  const { level, rules: mxRules, domainRules, sources } = await readRuleSet(database);
  const { rules: bounceRules } = await readBounceRules(database);
  const feedbackRules = (await listFeedbackRules(database)).filter(({ enabled }) => enabled);
  const { policies } = await readQuarantineTerms(database.client);
  return {
    level,
    sourceLevels: sources.flatMap(({ level: own }) => own ?? []),
    mxRules,
    domainRules,
    bounceRules,
    feedbackRules: feedbackRules.map(
      ({ origin: _origin, enabled: _enabled, hits: _hits, lastHitAt: _lastHitAt, ...rule }) => rule,
    ),
    policies: FAILURE_REASONS.map((reason) => policies[reason]),
  };
}

/**
 * Makes a change within the caller's transaction, and tells what it does to the rules in force.
 *
 * @param dryRun it is undone again: what is told is what would be.
 */
export async function changeRulesInForce(
  tx: Statements,
  { compare, dryRun }: { readonly compare: CompareRules; readonly dryRun: boolean },
  change: () => Promise<void>,
): Promise<object> {
  const before = await readRulesInForce({ client: tx });
  await tx.$executeRawUnsafe(`SAVEPOINT tried`);
  await change();
  const after = await readRulesInForce({ client: tx });
  if (dryRun) await tx.$executeRawUnsafe(`ROLLBACK TO SAVEPOINT tried`);
  return compare(before, after);
}
