import type { BounceRule } from '@mxflow/domain';

import { announceReading } from './bounce-rules.ts';
import type { Database } from './database.ts';
import { seedTable } from './merge-set.ts';
import { lockInstance } from './mx-rule-edits.ts';
import { putLocalRule, type ReadingEdit, type RulePlace } from './reading-edits.ts';
import type { SetRow } from './set-rules.ts';

/** Adds or replaces an operator's rule: see `putLocalRule`. */
export async function putBounceRule(database: Database, rule: BounceRule, place: RulePlace = {}): Promise<ReadingEdit> {
  return await putLocalRule(database, 'bounce_rules', { ...place, rule: bounceRuleRow(rule) });
}

/**
 * Brings the bundled rules up to this version's, unless a sync has brought a set. Rules of operators, and whether a rule
 * is switched on, belong to operators.
 *
 * @returns whether anything changed.
 */
export async function seedBounceRules(database: Database, rules: readonly BounceRule[]): Promise<boolean> {
  return await database.client.$transaction(async (tx) => {
    await lockInstance(tx);
    const changed = await seedTable(tx, 'bounce_rules', rules.map(bounceRuleRow));
    if (changed) await announceReading(tx);
    return changed;
  });
}

export function bounceRuleRow(rule: BounceRule): SetRow {
  const { replyCodes = [], enhancedStatuses = [], mxMasks = [], senders = [] } = rule.conditions ?? {};
  return {
    id: rule.id,
    pattern: rule.pattern,
    looks_at: rule.where,
    reply_codes: replyCodes,
    enhanced_statuses: enhancedStatuses,
    mx_masks: mxMasks,
    senders,
    reason: rule.reason,
    type: rule.type,
    detail: rule.detail,
    matches: rule.matches,
    leaves: rule.leaves,
  };
}
