import { DEFAULT_POLICIES, type FailureReason, type QuarantineSettings, type ReasonPolicy } from '@mxflow/domain';

import type { Database, Statements } from './database.ts';
import { editReading } from './reading-edits.ts';

/** Lays an operator's policy over what came with mxflow or by a sync. */
export async function setPolicy(
  database: Database,
  { reason, quarantineAt, releaseDays }: ReasonPolicy,
): Promise<void> {
  await editReading(database, async (tx) => {
    await tx.$executeRawUnsafe(
      `INSERT INTO reason_policies (reason, origin, quarantine_at, release_days) VALUES ($1, 'local', $2::int, $3::int)
       ON CONFLICT (reason, origin) DO UPDATE SET quarantine_at = excluded.quarantine_at,
         release_days = excluded.release_days`,
      reason,
      quarantineAt,
      releaseDays,
    );
    return 'done';
  });
}

/** Takes an operator's policy away again; false where there is none. */
export async function resetPolicy(database: Database, reason: FailureReason): Promise<boolean> {
  const edit = await editReading(database, async (tx) => {
    const gone = await tx.$executeRawUnsafe(
      `DELETE FROM reason_policies WHERE reason = $1 AND origin = 'local'`,
      reason,
    );
    return gone > 0 ? 'done' : 'unknown';
  });
  return edit === 'done';
}

/** Changes some of the settings; the others stay. */
export async function changeQuarantineSettings(
  database: Database,
  change: { readonly [Field in keyof QuarantineSettings]?: QuarantineSettings[Field] | undefined },
): Promise<void> {
  await editReading(database, async (tx) => {
    await tx.$executeRawUnsafe(
      `UPDATE quarantine_settings SET
         significance_hours = coalesce(($1::jsonb ->> 'significanceHours')::int, significance_hours),
         reset_days = coalesce(($1::jsonb ->> 'resetDays')::int, reset_days),
         success_days = coalesce(($1::jsonb ->> 'successDays')::int, success_days),
         complaint_denylists = coalesce(($1::jsonb ->> 'complaintDenylists')::bool, complaint_denylists),
         guard_addresses = coalesce(($1::jsonb ->> 'guardAddresses')::int, guard_addresses),
         guard_percent = coalesce(($1::jsonb ->> 'guardPercent')::float8, guard_percent),
         guard_factor = coalesce(($1::jsonb ->> 'guardFactor')::float8, guard_factor),
         raw_days = coalesce(($1::jsonb ->> 'rawDays')::int, raw_days)`,
      JSON.stringify(change),
    );
    return 'done';
  });
}

/** Brings the bundled policies up to this version's. */
export async function loadBundledPolicies(database: Database): Promise<void> {
  await editReading(database, async (tx) => {
    const changed = await writePolicies(tx, 'bundled', JSON.stringify(DEFAULT_POLICIES));
    return changed > 0 ? 'done' : 'unknown';
  });
}

/**
 * Puts the policies of a pulled set over the bundled ones, under those of operators.
 *
 * @returns whether anything changed.
 */
export async function mergePulledPolicies(tx: Statements, policies: readonly ReasonPolicy[]): Promise<boolean> {
  const list = JSON.stringify(policies);
  const gone = await tx.$executeRawUnsafe(
    `DELETE FROM reason_policies WHERE origin = 'pulled'
       AND reason NOT IN (SELECT r ->> 'reason' FROM jsonb_array_elements($1::jsonb) r)`,
    list,
  );
  return (await writePolicies(tx, 'pulled', list)) > 0 || gone > 0;
}

async function writePolicies(tx: Statements, origin: 'bundled' | 'pulled', list: string): Promise<number> {
  return await tx.$executeRawUnsafe(
    `INSERT INTO reason_policies AS p (reason, origin, quarantine_at, release_days)
     SELECT reason, $2, "quarantineAt", "releaseDays"
     FROM jsonb_to_recordset($1::jsonb) AS r(reason text, "quarantineAt" int, "releaseDays" int)
     ON CONFLICT (reason, origin) DO UPDATE SET quarantine_at = excluded.quarantine_at,
       release_days = excluded.release_days
     WHERE (p.quarantine_at, p.release_days) IS DISTINCT FROM (excluded.quarantine_at, excluded.release_days)`,
    list,
    origin,
  );
}
