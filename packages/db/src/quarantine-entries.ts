import {
  policiesInForce,
  type FailureReason,
  type Policies,
  type QuarantineEntry,
  type QuarantineSettings,
  type StoredPolicy,
} from '@mxflow/domain';

import type { Statements } from './database.ts';

/**
 * An address as it is stored: where it stands, and what brought it there. Instants are milliseconds since the epoch.
 * A change keeps the one before it in the history, in this form.
 */
export type StoredEntry = QuarantineEntry & {
  /** The bounce rule that decided, and the text that it saw. */
  readonly rule: string | null;
  readonly text: string | null;
  readonly siteId: number | null;
};

/** True in SQL where `q` is an address that gets no mail now. An address whose release is due is free already. */
export const BARRED = `(q.status = 'denylisted'
  OR (q.status = 'quarantined' AND (q.release_at IS NULL OR q.release_at > (SELECT mxflow_now()))))`;

/** By what quarantine goes now. */
export type QuarantineTermsNow = {
  readonly policies: Policies;
  /** Every policy as it is stored, bundled, pulled and local. */
  readonly stored: readonly StoredPolicy[];
  readonly settings: QuarantineSettings;
  /** Of how failures are read: it rises with every edit. */
  readonly version: number;
  /** Whole milliseconds since the epoch, by the database's clock. */
  readonly now: number;
};

const TERMS = `
  SELECT floor(extract(epoch FROM mxflow_now()) * 1000)::float8 AS now, jsonb_build_object(
      'significanceHours', s.significance_hours, 'resetDays', s.reset_days, 'successDays', s.success_days,
      'complaintDenylists', s.complaint_denylists, 'guardAddresses', s.guard_addresses,
      'guardPercent', s.guard_percent, 'guardFactor', s.guard_factor, 'rawDays', s.raw_days) AS settings,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('reason', p.reason, 'origin', p.origin,
      'quarantineAt', p.quarantine_at, 'releaseDays', p.release_days) ORDER BY p.reason, p.origin), '[]')
      FROM reason_policies p) AS stored,
    i.reading_version::float8 AS version
  FROM instance i CROSS JOIN quarantine_settings s`;

/** Reads policies, settings and clock. */
export async function readQuarantineTerms(tx: Statements): Promise<QuarantineTermsNow> {
  const [row] = await tx.$queryRawUnsafe<Omit<QuarantineTermsNow, 'policies'>[]>(TERMS);
  if (row === undefined) throw new Error('expected the rows of the instance and of its settings, found none');
  return { ...row, policies: policiesInForce(row.stored) };
}

/** The columns of `quarantine q` as a {@link StoredEntry}. */
export const ENTRY_COLUMNS = `q.status::text AS status, q.error_count AS errors, q.reason, q.rule, q.text,
  q.site_id AS "siteId", ${instant('counted_at')} AS "countedAt", ${instant('success_at')} AS "successAt",
  ${instant('quarantined_at')} AS "quarantinedAt", ${instant('release_at')} AS "releaseAt"`;

function instant(column: string): string {
  return `(extract(epoch FROM q.${column}) * 1000)::float8`;
}

/** An address locked until the end of the transaction. */
export type LockedEntry = StoredEntry & { readonly address: string };

/**
 * Locks the rows of addresses, making those that are missing, in the order of the addresses: two transactions wait for
 * each other, never in a circle.
 *
 * @returns the rows, and the addresses that had none.
 */
export async function lockEntries(
  tx: Statements,
  addresses: readonly string[],
): Promise<{ readonly entries: ReadonlyMap<string, LockedEntry>; readonly made: ReadonlySet<string> }> {
  const entries = new Map<string, LockedEntry>();
  const made = new Set<string>();
  // Whoever held a row that this waited for may have deleted it: then there is none yet.
  for (let wanted = addresses; wanted.length > 0; wanted = wanted.filter((address) => !entries.has(address))) {
    for (const { address } of await tx.$queryRawUnsafe<{ address: string }[]>(MAKE, wanted)) made.add(address);
    for (const row of await tx.$queryRawUnsafe<LockedEntry[]>(LOCK, wanted)) entries.set(row.address, row);
  }
  return { entries, made };
}

const MAKE = `
  INSERT INTO quarantine (address, domain, status)
  SELECT address, substring(address FROM '[^@]*$'), 'valid' FROM unnest($1::text[]) AS a(address) ORDER BY address COLLATE "C"
  ON CONFLICT DO NOTHING RETURNING address`;

const LOCK = `
  SELECT q.address, ${ENTRY_COLUMNS} FROM quarantine q WHERE q.address = ANY ($1::text[])
  ORDER BY q.address FOR UPDATE`;

/** Why an address changed. */
export type ChangeCause = 'error' | 'complaint' | 'release' | 'reset' | 'import' | 'edit' | 'undo' | 'bulk-release';

/** One change of one address, as the history keeps it. */
export type EntryChange = {
  readonly address: string;
  readonly cause: ChangeCause;
  readonly actor?: string | undefined;
  /** Null: nothing was known of the address. */
  readonly before: StoredEntry | null;
  readonly after: StoredEntry;
  readonly reason?: FailureReason | null;
  readonly rule?: string | null;
  readonly text?: string | null;
  readonly siteId?: number | null;
  readonly messageId?: string;
  readonly attempt?: number;
};

const HISTORY = `
  INSERT INTO quarantine_history (address, at, cause, actor, status_before, status_after, errors_before, errors_after,
    reason, rule, text, site_id, message_id, attempt, row_before)
  SELECT c.address, to_timestamp($2::float8 / 1000), c.cause, c.actor, c.status_before, c.status_after,
    c.errors_before, c.errors_after, c.reason, c.rule, c.text, c.site_id, c.message_id, c.attempt,
    NULLIF(c.row_before, 'null'::jsonb)
  FROM jsonb_to_recordset($1::jsonb) AS c(address text, cause text, actor text, status_before quarantine_status,
    status_after quarantine_status, errors_before int, errors_after int, reason text, rule text, text text, site_id int,
    message_id bigint, attempt int, row_before jsonb)
  ON CONFLICT DO NOTHING`;

/** Appends changes to the history. */
export async function writeHistory(tx: Statements, changes: readonly EntryChange[], now: number): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map(({ before, after, ...change }) => ({
    address: change.address,
    cause: change.cause,
    actor: change.actor,
    status_before: before?.status ?? 'valid',
    status_after: after.status,
    errors_before: before?.errors ?? 0,
    errors_after: after.errors,
    reason: change.reason ?? after.reason,
    rule: change.rule,
    text: change.text,
    site_id: change.siteId,
    message_id: change.messageId,
    attempt: change.attempt,
    row_before: before === null ? null : snapshot(before),
  }));
  await tx.$executeRawUnsafe(HISTORY, JSON.stringify(rows), now);
}

const WRITE = `
  UPDATE quarantine q SET status = e.status, error_count = e.errors, reason = e.reason, rule = e.rule, text = e.text,
    site_id = e.site_id, counted_at = to_timestamp(e.counted_at / 1000), success_at = to_timestamp(e.success_at / 1000),
    quarantined_at = to_timestamp(e.quarantined_at / 1000), release_at = to_timestamp(e.release_at / 1000),
    changed_at = to_timestamp($2::float8 / 1000)
  FROM jsonb_to_recordset($1::jsonb) AS e(address text, status quarantine_status, errors int, reason text, rule text,
    text text, site_id int, counted_at float8, success_at float8, quarantined_at float8, release_at float8)
  WHERE q.address = e.address`;

/** Writes rows that this transaction has locked. */
export async function writeEntries(
  tx: Statements,
  entries: readonly (StoredEntry & { readonly address: string })[],
  now: number,
): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map((entry) => ({
    address: entry.address,
    status: entry.status,
    errors: entry.errors,
    reason: entry.reason,
    rule: entry.rule,
    text: entry.text,
    site_id: entry.siteId,
    counted_at: entry.countedAt,
    success_at: entry.successAt,
    quarantined_at: entry.quarantinedAt,
    release_at: entry.releaseAt,
  }));
  await tx.$executeRawUnsafe(WRITE, JSON.stringify(rows), now);
}

/** Removes rows: of addresses that nothing is known of any more. */
export async function forgetEntries(tx: Statements, addresses: readonly string[]): Promise<void> {
  if (addresses.length === 0) return;
  await tx.$executeRawUnsafe(`DELETE FROM quarantine WHERE address = ANY ($1::text[])`, addresses);
}

/** The fields of an entry alone. */
export function snapshot(entry: StoredEntry): StoredEntry {
  const { status, errors, reason, countedAt, successAt, quarantinedAt, releaseAt, rule, text, siteId } = entry;
  return { status, errors, reason, countedAt, successAt, quarantinedAt, releaseAt, rule, text, siteId };
}
