import { afterTime } from '@mxflow/domain';

import type { Database } from './database.ts';
import { sitesUnder } from './guarded.ts';
import {
  ENTRY_COLUMNS,
  readQuarantineTerms,
  snapshot,
  writeEntries,
  writeHistory,
  type EntryChange,
  type LockedEntry,
} from './quarantine-entries.ts';
import { inTransaction } from './transaction.ts';

/** Addresses that time has cleared. */
export type SweptAddresses = { readonly released: number; readonly reset: number };

/**
 * Clears addresses whose release is due, and counters that have fallen to zero, at most `limit` of each kind in one
 * transaction. Several processes may do it at once: what one has locked the others pass over.
 */
export async function sweepQuarantine(database: Database, limit: number): Promise<SweptAddresses> {
  return await inTransaction(database, async (tx) => {
    const { now, settings } = await readQuarantineTerms(tx);
    const due = await tx.$queryRawUnsafe<LockedEntry[]>(DUE, limit, now, settings.resetDays, settings.successDays);
    const changes = due.flatMap((locked): readonly EntryChange[] => {
      const before = snapshot(locked);
      const after = afterTime(before, settings, now);
      if (after === before) return [];
      const cause = before.status === 'quarantined' ? 'release' : 'reset';
      const { reason, rule, text, siteId } = before;
      const cleared = { ...after, rule: null, text: null, siteId: null };
      return [{ address: locked.address, cause, before, after: cleared, reason, rule, text, siteId }];
    });
    await writeEntries(
      tx,
      changes.map(({ address, after }) => ({ ...after, address })),
      now,
    );
    await writeHistory(tx, changes, now);
    const released = changes.filter(({ cause }) => cause === 'release').length;
    return { released, reset: changes.length - released };
  });
}

const DUE = `
  WITH clock AS (SELECT to_timestamp($2::float8 / 1000) AS now)
  SELECT q.address, ${ENTRY_COLUMNS} FROM quarantine q WHERE q.address IN (
    (SELECT address FROM quarantine, clock WHERE release_at <= now AND status = 'quarantined' LIMIT $1::int)
    UNION ALL (SELECT address FROM quarantine, clock
      WHERE counted_at <= now - $3::int * interval '1 day' AND status = 'with-errors' LIMIT $1::int)
    UNION ALL (SELECT address FROM quarantine, clock
      WHERE success_at <= now - $4::int * interval '1 day' AND status = 'with-errors' LIMIT $1::int)
  ) ORDER BY q.address FOR UPDATE SKIP LOCKED`;

/** A guard that has held nothing back for an hour is calm again. What is of no use any more is forgotten. */
export async function sweepGuard(database: Database): Promise<void> {
  await database.client.$executeRawUnsafe(
    `WITH clock AS (SELECT mxflow_now() AS now), hours AS (
       DELETE FROM guard_hours USING clock WHERE hour < now - interval '31 days'
     ), effects AS (
       DELETE FROM guard_effects USING clock WHERE hour < now - interval '31 days'
     ), lists AS (
       DELETE FROM unsubscribes USING clock WHERE at < now - interval '1 year'
     )
     UPDATE guard_sites g SET alarmed_at = NULL FROM clock
     WHERE alarmed_at < now - interval '1 hour'
       AND NOT EXISTS (SELECT FROM guard_held h
         WHERE h.site_id = ANY ${sitesUnder('g.site_id')} AND h.at > now - interval '1 hour')`,
  );
}
