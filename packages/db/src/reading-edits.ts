import { announceReading } from './bounce-rules.ts';
import type { Database, Statements } from './database.ts';
import { mergeTable, type RuleTable } from './merge-set.ts';
import { announceRules, lockInstance } from './mx-rule-edits.ts';
import { placedIds, placeRules } from './placed-rules.ts';
import type { SetRow } from './set-rules.ts';

/** What an edit of how failures are read came to. */
export type ReadingEdit =
  | 'done'
  /** There is no such rule. */
  | 'unknown'
  /** It came with the rule set: it can be switched off or overridden, not deleted or moved. */
  | 'of-the-set'
  /** The ids are not those of the rules that operators have placed. */
  | 'other-list';

/** Who hears of a change: domain rules decide what may be sent, the others how failures are read. */
const ANNOUNCE = {
  bounce_rules: announceReading,
  feedback_rules: announceReading,
  domain_rules: announceRules,
} as const satisfies Record<RuleTable, (tx: Statements) => Promise<void>>;

/** One transaction, one at a time; where it is done, a new version that whoever reads failures hears of. */
export async function editReading(
  database: Database,
  run: (tx: Statements) => Promise<ReadingEdit>,
): Promise<ReadingEdit> {
  return await editRules(database, announceReading, run);
}

async function editRules(
  database: Database,
  announce: (tx: Statements) => Promise<void>,
  run: (tx: Statements) => Promise<ReadingEdit>,
): Promise<ReadingEdit> {
  return await database.client.$transaction(async (tx) => {
    await lockInstance(tx);
    const result = await run(tx);
    if (result === 'done') await announce(tx);
    return result;
  });
}

/** Switches a rule on or off, whoever it came from. It stays so, whatever set comes. */
export async function enableRule(
  database: Database,
  table: RuleTable,
  { id, enabled }: { readonly id: string; readonly enabled: boolean },
): Promise<ReadingEdit> {
  return await editRules(database, ANNOUNCE[table], async (tx) => {
    const found = await tx.$executeRawUnsafe(`UPDATE ${table} SET enabled = $2 WHERE id = $1`, id, enabled);
    if (found === 0) return 'unknown';
    await tx.$executeRawUnsafe(
      enabled
        ? `DELETE FROM rules_off WHERE list = $1 AND id = $2`
        : `INSERT INTO rules_off VALUES ($1, $2) ON CONFLICT DO NOTHING`,
      table,
      id,
    );
    return 'done';
  });
}

/** Deletes an operator's rule; one of the set that it lay over holds again, switched on. */
export async function deleteLocalRule(database: Database, table: RuleTable, id: string): Promise<ReadingEdit> {
  return await editRules(database, ANNOUNCE[table], (tx) => deleteLocalRuleWithin(tx, table, id));
}

/** The same within the caller's transaction, which holds the instance's lock and announces it. */
export async function deleteLocalRuleWithin(tx: Statements, table: RuleTable, id: string): Promise<ReadingEdit> {
  const [rule] = await tx.$queryRawUnsafe<{ origin: string }[]>(`SELECT origin FROM ${table} WHERE id = $1`, id);
  if (rule === undefined) return 'unknown';
  if (rule.origin !== 'local') return 'of-the-set';
  await tx.$executeRawUnsafe(`DELETE FROM ${table} WHERE id = $1`, id);
  await tx.$executeRawUnsafe(`DELETE FROM rules_off WHERE list = $1 AND id = $2`, table, id);
  await mergeTable(tx, table);
  return 'done';
}

/** Puts the rules that operators have placed before the set's into a new order: every id once. */
export async function orderLocalRules(
  database: Database,
  table: RuleTable,
  wanted: readonly string[],
): Promise<ReadingEdit> {
  return await editRules(database, ANNOUNCE[table], async (tx) => {
    const ids = await placedIds(tx, table);
    const isSame = wanted.length === ids.length && new Set(wanted).size === ids.length;
    if (!isSame || !ids.every((id) => wanted.includes(id))) return 'other-list';
    await placeRules(tx, table, wanted);
    return 'done';
  });
}

/** Where a new rule is put, and whether it is in force; left out: before all others, switched on. */
export type RulePlace = { readonly before?: string | undefined; readonly enabled?: boolean | undefined };

/**
 * Adds an operator's rule, or puts it in the place of the one with its id: a new one stands before all others, or before
 * the rule named; an operator's version of a rule of the set stands where that one stood. What the rule before it has
 * matched is not counted for it.
 *
 * @param rule the row, checked before: what cannot be run must never get here.
 */
export async function putLocalRule(
  database: Database,
  table: RuleTable,
  { rule, before, enabled }: RulePlace & { readonly rule: SetRow },
): Promise<ReadingEdit> {
  return await editRules(database, ANNOUNCE[table], async (tx) => {
    const [known] = await tx.$queryRawUnsafe<{ position: number; enabled: boolean }[]>(
      `SELECT position, enabled FROM ${table} WHERE id = $1`,
      rule.id,
    );
    const stays = before === rule.id || (before === undefined && known !== undefined);
    const others = (await placedIds(tx, table)).filter((id) => id !== rule.id);
    const at = before === undefined ? 0 : others.indexOf(before);
    if (!stays && at < 0) return 'other-list';
    const position = known?.position ?? 0;
    const row = { ...rule, position, origin: 'local', enabled: enabled ?? known?.enabled ?? true, hits: 0 };
    await tx.$executeRawUnsafe(`DELETE FROM ${table} WHERE id = $1`, rule.id);
    await tx.$executeRawUnsafe(
      `INSERT INTO ${table} SELECT * FROM jsonb_populate_record(NULL::${table}, $1::jsonb)`,
      JSON.stringify(row),
    );
    if (!stays) await placeRules(tx, table, others.toSpliced(at, 0, rule.id));
    return 'done';
  });
}
