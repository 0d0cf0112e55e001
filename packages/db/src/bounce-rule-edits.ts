import type { BounceRule } from '@mxflow/domain';

import { announceReading } from './bounce-rules.ts';
import type { Database, Statements } from './database.ts';
import { lockInstance } from './mx-rule-edits.ts';
import { putLocalRule, type ReadingEdit, type RulePlace, type RuleRow } from './reading-edits.ts';

/** Adds or replaces an operator's rule: see `putLocalRule`. */
export async function putBounceRule(database: Database, rule: BounceRule, place: RulePlace = {}): Promise<ReadingEdit> {
  return await putLocalRule(database, 'bounce_rules', { ...place, rule: rowOf(rule) });
}

/**
 * Brings the bundled rules up to this version's, unless a sync has brought a set. Rules of operators, and whether a rule
 * is switched on, belong to operators.
 *
 * @returns whether anything changed.
 */
export async function seedBounceRules(database: Database, rules: readonly BounceRule[]): Promise<boolean> {
  const rows = JSON.stringify(
    rules.map((rule, index) => ({ ...rowOf(rule), position: index + 1, origin: 'bundled', enabled: true, hits: 0 })),
  );
  return await database.client.$transaction(async (tx) => {
    await lockInstance(tx);
    const changed = await seed(tx, rows);
    if (changed) await announceReading(tx);
    return changed;
  });
}

async function seed(tx: Statements, rows: string): Promise<boolean> {
  const [pulled] = await tx.$queryRawUnsafe<object[]>(`SELECT FROM bounce_rules WHERE origin = 'pulled' LIMIT 1`);
  if (pulled !== undefined) return false;
  const counts = [
    await tx.$executeRawUnsafe(
      `DELETE FROM bounce_rules WHERE origin = 'bundled'
         AND id NOT IN (SELECT id FROM jsonb_populate_recordset(NULL::bounce_rules, $1::jsonb))`,
      rows,
    ),
    await tx.$executeRawUnsafe(SEED, rows),
    // An operator's version of a rule follows that rule's place.
    await tx.$executeRawUnsafe(
      `UPDATE bounce_rules b SET position = r.position FROM jsonb_populate_recordset(NULL::bounce_rules, $1::jsonb) r
       WHERE b.id = r.id AND b.origin = 'local' AND b.position > 0 AND b.position <> r.position`,
      rows,
    ),
  ];
  return counts.some((count) => count > 0);
}

const FIELDS =
  'pattern, looks_at, reply_codes, enhanced_statuses, mx_masks, senders, reason, type, detail, matches, leaves'.split(
    ', ',
  );
const listed = (of: string): string => ['position', ...FIELDS].map((field) => `${of}.${field}`).join(', ');

const SEED = `
  INSERT INTO bounce_rules AS b SELECT * FROM jsonb_populate_recordset(NULL::bounce_rules, $1::jsonb)
  ON CONFLICT (id) DO UPDATE SET (${['position', ...FIELDS].join(', ')}) = (${listed('excluded')})
  WHERE b.origin = 'bundled' AND (${listed('b')}) IS DISTINCT FROM (${listed('excluded')})`;

function rowOf(rule: BounceRule): RuleRow {
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
