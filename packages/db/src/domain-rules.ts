import { DEFAULT_DOMAIN_RULES, type DomainRule } from '@mxflow/domain';

import type { Database } from './database.ts';
import { announceRules, lockInstance } from './mx-rule-edits.ts';
import { putLocalRule, type ReadingEdit, type RulePlace } from './reading-edits.ts';

/** A domain rule as it is stored. */
export type StoredDomainRule = DomainRule & {
  readonly origin: 'bundled' | 'pulled' | 'local';
  readonly enabled: boolean;
};

/** All domain rules in their order, those that are switched off included. */
export async function listDomainRules(database: Database): Promise<readonly StoredDomainRule[]> {
  const rows = await database.client.$queryRawUnsafe<(StoredDomainRule & { readonly note: string | null })[]>(
    `SELECT id, mask, action, note, origin, enabled FROM domain_rules ORDER BY position, id`,
  );
  return rows.map(({ note, ...rule }) => ({ ...rule, ...(note === null ? {} : { note }) }));
}

/** Adds or replaces an operator's rule: see `putLocalRule`. */
export async function putDomainRule(
  database: Database,
  { note = null, ...rule }: Omit<DomainRule, 'note'> & { readonly note?: string | null },
  place: RulePlace = {},
): Promise<ReadingEdit> {
  return await putLocalRule(database, 'domain_rules', { ...place, rule: { ...rule, note } });
}

/** Brings the bundled rules up to this version's. Rules of operators, and whether one is switched on, are theirs. */
export async function seedDomainRules(database: Database): Promise<void> {
  const rows = DEFAULT_DOMAIN_RULES.map((rule, index) => ({ ...rule, position: index + 1 }));
  await database.client.$transaction(async (tx) => {
    await lockInstance(tx);
    if ((await tx.$executeRawUnsafe(SEED, JSON.stringify(rows))) > 0) await announceRules(tx);
  });
}

const SEED = `
  INSERT INTO domain_rules AS d (id, position, mask, action, note, origin)
  SELECT id, position, mask, action, note, 'bundled' FROM jsonb_populate_recordset(NULL::domain_rules, $1::jsonb)
  WHERE NOT EXISTS (SELECT FROM domain_rules WHERE origin = 'pulled')
  ON CONFLICT (id) DO UPDATE SET position = excluded.position, mask = excluded.mask, action = excluded.action,
    note = excluded.note
  WHERE d.origin = 'bundled' AND (d.position, d.mask, d.action, d.note)
    IS DISTINCT FROM (excluded.position, excluded.mask, excluded.action, excluded.note)`;
