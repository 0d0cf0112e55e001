import type { Statements } from './database.ts';
import { placedIds, placeRules } from './placed-rules.ts';
import { loadSetList, originOfList, type SetListRows } from './set-rules.ts';

/** Where ordered rules of operators and of a set lie: operators' before those of the set, or each over one of it. */
export type RuleTable = 'bounce_rules' | 'feedback_rules' | 'domain_rules';

/** What of a rule a set decides; hits and whether it is switched on belong to this instance. */
const COLUMNS: Readonly<Record<RuleTable, string>> = {
  bounce_rules:
    'pattern, looks_at, reply_codes, enhanced_statuses, mx_masks, senders, reason, type, detail, matches, leaves',
  feedback_rules: 'mask, pattern, threshold_per_hour, action, cap, seconds, step_seconds, matches, passes',
  domain_rules: 'mask, action, note',
};

/**
 * Puts rules that came with mxflow in force under those of operators, unless a set was pulled.
 *
 * @returns whether anything changed.
 */
export async function seedTable(tx: Statements, table: RuleTable, rows: SetListRows['rows']): Promise<boolean> {
  return (await loadSetList(tx, table, { rows, version: null })) && (await mergeTable(tx, table));
}

/**
 * Brings the rules in force up to the set's, under those of operators: an operator's version of a rule of the set follows
 * that rule's place; of a rule that the set has no more, it joins the rules before the set.
 *
 * @returns whether anything changed.
 */
export async function mergeTable(tx: Statements, table: RuleTable): Promise<boolean> {
  const origin = await originOfList(tx, table);
  const counts = [
    await tx.$executeRawUnsafe(
      `DELETE FROM ${table} WHERE origin <> 'local' AND id NOT IN (SELECT id FROM set_rules WHERE list = $1)`,
      table,
    ),
    await tx.$executeRawUnsafe(upsert(table), table, origin),
    await tx.$executeRawUnsafe(
      `UPDATE ${table} t SET position = s.position FROM set_rules s
       WHERE s.list = $1 AND s.id = t.id AND t.origin = 'local' AND t.position > 0 AND t.position <> s.position`,
      table,
    ),
    await freeOrphans(tx, table),
  ];
  return counts.some((count) => count > 0);
}

function upsert(table: RuleTable): string {
  const columns = `position, origin, ${COLUMNS[table]}`;
  const listed = (of: string): string => columns.replaceAll(/\w+/g, `${of}.$&`);
  return `
    INSERT INTO ${table} AS t SELECT r.* FROM set_rules s
    CROSS JOIN jsonb_populate_record(NULL::${table}, s.rule || jsonb_build_object('position', s.position,
      'origin', $2::text, 'hits', 0,
      'enabled', NOT EXISTS (SELECT FROM rules_off o WHERE o.list = s.list AND o.id = s.id))) r
    WHERE s.list = $1
    ON CONFLICT (id) DO UPDATE SET (${columns}) = (${listed('excluded')})
    WHERE t.origin <> 'local' AND (${listed('t')}) IS DISTINCT FROM (${listed('excluded')})`;
}

/** Operators' versions of rules that the set has no more. */
async function freeOrphans(tx: Statements, table: RuleTable): Promise<number> {
  const orphans = await tx.$queryRawUnsafe<{ id: string }[]>(
    `SELECT id FROM ${table} WHERE origin = 'local' AND position > 0
       AND id NOT IN (SELECT id FROM set_rules WHERE list = $1) ORDER BY position, id`,
    table,
  );
  if (orphans.length > 0)
    await placeRules(tx, table, [...(await placedIds(tx, table)), ...orphans.map(({ id }) => id)]);
  return orphans.length;
}
