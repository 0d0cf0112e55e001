import { orderOverSet, type Level } from '@mxflow/domain';

import type { Statements } from './database.ts';
import { placeMxRules, writeMxRules, type MxRuleRow } from './mx-rule-rows.ts';

/** The ordered lists of a rule set, each by the table that it lies in. */
export type SetList = 'mx_rules' | 'bounce_rules' | 'feedback_rules' | 'domain_rules';

/** A rule as its table holds it, by column; without what belongs to the place where it stands. */
export type SetRow = { readonly id: string; readonly [column: string]: unknown };

/** The rules of one list as a set brings them. */
export type SetListRows = {
  /** In their order. */
  readonly rows: readonly SetRow[];
  /** Of the rule set; null of the rules that came with mxflow. */
  readonly version: number | null;
};

/** What of an MX rule a set decides: all but its place, its origin and the figures for Custom. */
export function setRow({ position: _position, origin: _origin, limits, ...row }: MxRuleRow): SetRow {
  return { ...row, limits: limits.filter((each) => !('level' in each && each.level === 'custom')) };
}

/**
 * Notes which rules the set has, before they are merged with those of operators. Rules that came with mxflow never take
 * the place of a set that was pulled.
 *
 * @returns false where they are not taken.
 */
export async function loadSetList(tx: Statements, list: SetList, { rows, version }: SetListRows): Promise<boolean> {
  if (version === null && (await originOfList(tx, list)) === 'pulled') return false;
  const wanted = JSON.stringify(rows);
  await tx.$executeRawUnsafe(
    `DELETE FROM set_rules WHERE list = $1 AND id NOT IN (SELECT r ->> 'id' FROM jsonb_array_elements($2::jsonb) r)`,
    list,
    wanted,
  );
  await tx.$executeRawUnsafe(
    `INSERT INTO set_rules AS s (list, id, position, rule)
     SELECT $1, r.rule ->> 'id', r.at, r.rule FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY AS r(rule, at)
     ON CONFLICT (list, id) DO UPDATE SET position = excluded.position, rule = excluded.rule
     WHERE (s.position, s.rule) IS DISTINCT FROM (excluded.position, excluded.rule)`,
    list,
    wanted,
  );
  await tx.$executeRawUnsafe(`UPDATE set_lists SET version = $2::int WHERE list = $1`, list, version);
  return true;
}

/** Where the rules of a list come from. */
export async function originOfList(tx: Statements, list: SetList): Promise<'bundled' | 'pulled'> {
  const [row] = await tx.$queryRawUnsafe<{ version: number | null }[]>(
    `SELECT version FROM set_lists WHERE list = $1`,
    list,
  );
  return (row?.version ?? null) === null ? 'bundled' : 'pulled';
}

/** Whether the set has a rule of this id that says all that `row` says. */
export async function isRuleOfSet(tx: Statements, list: SetList, row: SetRow): Promise<boolean> {
  const found = await tx.$queryRawUnsafe<object[]>(
    `SELECT FROM set_rules WHERE list = $1 AND id = $2 AND rule @> $3::jsonb`,
    list,
    row.id,
    JSON.stringify(row),
  );
  return found.length > 0;
}

/**
 * Brings the MX rules in force up to the set's, under those of operators: what went is deleted, what came or changed is
 * written over the rule with its id, so that budgets, which go by ids, stay. Figures for Custom stay with their rules.
 *
 * @param before ids of the set whose place this one takes; its own where left out.
 * @returns whether anything changed.
 */
export async function mergeMxRules(tx: Statements, before?: readonly string[]): Promise<boolean> {
  const was = await fingerprint(tx);
  const set = await tx.$queryRawUnsafe<{ id: string; rule: MxRuleRow }[]>(
    `SELECT id, rule FROM set_rules WHERE list = 'mx_rules' ORDER BY position`,
  );
  const placed = await tx.$queryRawUnsafe<{ id: string; isLocal: boolean }[]>(
    `SELECT id, origin = 'local' AS "isLocal" FROM mx_rules ORDER BY position, id`,
  );
  const ids = set.map(({ id }) => id);
  const locals = new Set(placed.filter(({ isLocal }) => isLocal).map(({ id }) => id));
  await tx.$executeRawUnsafe(
    `DELETE FROM mx_rules WHERE origin <> 'local' AND id NOT IN (SELECT id FROM set_rules WHERE list = 'mx_rules')`,
  );
  const origin = await originOfList(tx, 'mx_rules');
  const taken = set.filter(({ id }) => !locals.has(id)).map(({ rule }) => ({ ...rule, position: 0, origin }));
  await writeMxRules(tx, taken);
  await placeMxRules(tx, orderOverSet(placed, before ?? ids, ids));
  const [instance] = await tx.$queryRawUnsafe<{ level: Level }[]>(`SELECT level FROM instance`);
  if (instance?.level === 'custom') await copyToCustom(tx, 'normal');
  return (await fingerprint(tx)) !== was;
}

/** Stands for all that the MX rules say, in their order. */
async function fingerprint(tx: Statements): Promise<string> {
  const [row] = await tx.$queryRawUnsafe<{ print: string }[]>(
    `SELECT md5(coalesce((SELECT jsonb_agg(to_jsonb(r) - 'position' ORDER BY r.position, r.id) FROM mx_rules r)::text, '')
       || coalesce((SELECT jsonb_agg(to_jsonb(l) ORDER BY l.rule_id, l.level) FROM mx_rule_limits l)::text, '')) AS print`,
  );
  return row?.print ?? '';
}

/** Rules without figures for Custom get those of a level. */
export async function copyToCustom(tx: Statements, level: Level): Promise<void> {
  await tx.$executeRawUnsafe(
    `INSERT INTO mx_rule_limits (rule_id, level, max_connections, max_messages_per_connection, messages_per_hour)
     SELECT rule_id, 'custom', max_connections, max_messages_per_connection, messages_per_hour
     FROM mx_rule_limits WHERE level = $1 ON CONFLICT (rule_id, level) DO NOTHING`,
    level,
  );
}
