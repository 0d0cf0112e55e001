import { DEFAULT_DOMAIN_RULES, type DomainRule } from '@mxflow/domain';

import type { Database, Reads } from './database.ts';
import { seedTable } from './merge-set.ts';
import { announceRules, lockInstance } from './mx-rule-edits.ts';
import { putLocalRule, type ReadingEdit, type RulePlace } from './reading-edits.ts';
import type { SetRow } from './set-rules.ts';

/** A domain rule as it is stored. */
export type StoredDomainRule = DomainRule & {
  readonly origin: 'bundled' | 'pulled' | 'local';
  readonly enabled: boolean;
};

/** All domain rules in their order, those that are switched off included. */
export async function listDomainRules(database: Reads): Promise<readonly StoredDomainRule[]> {
  const rows = await database.client.$queryRawUnsafe<(StoredDomainRule & { readonly note: string | null })[]>(
    `SELECT id, mask, action, note, origin, enabled FROM domain_rules ORDER BY position, id`,
  );
  return rows.map(({ note, ...rule }) => ({ ...rule, ...(note === null ? {} : { note }) }));
}

/** Adds or replaces an operator's rule: see `putLocalRule`. */
export async function putDomainRule(
  database: Database,
  rule: WrittenDomainRule,
  place: RulePlace = {},
): Promise<ReadingEdit> {
  return await putLocalRule(database, 'domain_rules', { ...place, rule: domainRuleRow(rule) });
}

/**
 * Brings the bundled rules up to this version's, unless a sync has brought a set. Rules of operators, and whether one is
 * switched on, are theirs.
 */
export async function seedDomainRules(database: Database): Promise<void> {
  await database.client.$transaction(async (tx) => {
    await lockInstance(tx);
    if (await seedTable(tx, 'domain_rules', DEFAULT_DOMAIN_RULES.map(domainRuleRow))) await announceRules(tx);
  });
}

type WrittenDomainRule = Omit<DomainRule, 'note'> & { readonly note?: string | null | undefined };

export function domainRuleRow({ id, mask, action, note = null }: WrittenDomainRule): SetRow {
  return { id, mask, action, note };
}
