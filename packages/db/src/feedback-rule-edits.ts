import type { FeedbackRule } from '@mxflow/domain';

import { announceReading } from './bounce-rules.ts';
import type { Database } from './database.ts';
import { lockInstance } from './mx-rule-edits.ts';
import { putLocalRule, type ReadingEdit, type RulePlace, type RuleRow } from './reading-edits.ts';

/** Adds or replaces an operator's rule: see `putLocalRule`. */
export async function putFeedbackRule(
  database: Database,
  rule: FeedbackRule,
  place: RulePlace = {},
): Promise<ReadingEdit> {
  return await putLocalRule(database, 'feedback_rules', { ...place, rule: rowOf(rule) });
}

/** Brings the bundled rules up to this version's. Rules of operators, and whether one is switched on, are theirs. */
export async function seedFeedbackRules(database: Database, rules: readonly FeedbackRule[]): Promise<void> {
  const rows = JSON.stringify(
    rules.map((rule, index) => ({ ...rowOf(rule), position: index + 1, origin: 'bundled', enabled: true, hits: 0 })),
  );
  await database.client.$transaction(async (tx) => {
    await lockInstance(tx);
    if ((await tx.$executeRawUnsafe(SEED, rows)) > 0) await announceReading(tx);
  });
}

const FIELDS = 'position, mask, pattern, threshold_per_hour, action, cap, seconds, step_seconds, matches, passes';
const listed = (of: string): string => FIELDS.replaceAll(/\w+/g, `${of}.$&`);

const SEED = `
  INSERT INTO feedback_rules AS f SELECT * FROM jsonb_populate_recordset(NULL::feedback_rules, $1::jsonb)
  ON CONFLICT (id) DO UPDATE SET (${FIELDS}) = (${listed('excluded')})
  WHERE f.origin = 'bundled' AND (${listed('f')}) IS DISTINCT FROM (${listed('excluded')})`;

function rowOf({ action, ...rule }: FeedbackRule): RuleRow {
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
