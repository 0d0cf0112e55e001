import type { FeedbackRule } from '@mxflow/domain';

import { announceReading } from './bounce-rules.ts';
import type { Database } from './database.ts';
import { seedTable } from './merge-set.ts';
import { lockInstance } from './mx-rule-edits.ts';
import { putLocalRule, type ReadingEdit, type RulePlace } from './reading-edits.ts';
import type { SetRow } from './set-rules.ts';

/** Adds or replaces an operator's rule: see `putLocalRule`. */
export async function putFeedbackRule(
  database: Database,
  rule: FeedbackRule,
  place: RulePlace = {},
): Promise<ReadingEdit> {
  return await putLocalRule(database, 'feedback_rules', { ...place, rule: feedbackRuleRow(rule) });
}

/**
 * Brings the bundled rules up to this version's, unless a sync has brought a set. Rules of operators, and whether one is
 * switched on, are theirs.
 */
export async function seedFeedbackRules(database: Database, rules: readonly FeedbackRule[]): Promise<void> {
  await database.client.$transaction(async (tx) => {
    await lockInstance(tx);
    if (await seedTable(tx, 'feedback_rules', rules.map(feedbackRuleRow))) await announceReading(tx);
  });
}

export function feedbackRuleRow({ action, ...rule }: FeedbackRule): SetRow {
  return {
    id: rule.id,
    mask: rule.mask,
    pattern: rule.pattern,
    threshold_per_hour: rule.thresholdPerHour,
    action: action.kind,
    cap: action.kind === 'suspend' ? null : action.cap,
    seconds: action.seconds,
    step_seconds: rule.stepSeconds,
    matches: rule.matches,
    passes: rule.passes,
  };
}
