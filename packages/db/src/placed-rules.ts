import type { Statements } from './database.ts';
import type { RuleTable } from './merge-set.ts';

/** The rules of a set stand from 1 on, those that operators have placed before them. */
export async function placedIds(tx: Statements, table: RuleTable): Promise<readonly string[]> {
  const rows = await tx.$queryRawUnsafe<{ id: string }[]>(
    `SELECT id FROM ${table} WHERE position <= 0 ORDER BY position, id`,
  );
  return rows.map(({ id }) => id);
}

/** Puts them into an order; rules that stood elsewhere stand there then. */
export async function placeRules(tx: Statements, table: RuleTable, ids: readonly string[]): Promise<void> {
  await tx.$executeRawUnsafe(
    `UPDATE ${table} r SET position = o.ordinality - $2::int
     FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY AS o(id, ordinality) WHERE o.id = r.id`,
    JSON.stringify(ids),
    ids.length,
  );
}
