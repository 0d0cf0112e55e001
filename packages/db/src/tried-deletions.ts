import type { Database, Reads, Statements } from './database.ts';
import type { RuleTable } from './merge-set.ts';
import { deleteMxRuleWithin, lockInstance, type RuleEdit } from './mx-rule-edits.ts';
import { readRuleSet, type RuleSet } from './mx-rules.ts';
import { deleteLocalRuleWithin, type ReadingEdit } from './reading-edits.ts';

/** What a deletion would come to, and what it would leave: a rule of the set holds again where one lay over it. */
export type TriedDeletion<Edit, Left> = { readonly edit: Edit; readonly left: Left };

export async function tryDeletingMxRule(database: Database, id: string): Promise<TriedDeletion<RuleEdit, RuleSet>> {
  return await undone(database, (tx) => deleteMxRuleWithin(tx, id), readRuleSet);
}

/** @param read the list, from the table that is named. */
export async function tryDeletingLocalRule<Left>(
  database: Database,
  { table, id }: { readonly table: RuleTable; readonly id: string },
  read: (reads: Reads) => Promise<Left>,
): Promise<TriedDeletion<ReadingEdit, Left>> {
  return await undone(database, (tx) => deleteLocalRuleWithin(tx, table, id), read);
}

async function undone<Edit, Left>(
  database: Database,
  make: (tx: Statements) => Promise<Edit>,
  read: (reads: Reads) => Promise<Left>,
): Promise<TriedDeletion<Edit, Left>> {
  return await database.client.$transaction(async (tx) => {
    await lockInstance(tx);
    await tx.$executeRawUnsafe(`SAVEPOINT tried`);
    const edit = await make(tx);
    const left = await read({ client: tx });
    await tx.$executeRawUnsafe(`ROLLBACK TO SAVEPOINT tried`);
    return { edit, left };
  });
}
