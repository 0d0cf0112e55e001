import { addressKey, VALID_ENTRY, type FailureReason, type QuarantineStatus } from '@mxflow/domain';

import type { Database, Statements } from './database.ts';
import {
  ENTRY_COLUMNS,
  lockEntries,
  readQuarantineTerms,
  snapshot,
  writeEntries,
  writeHistory,
  type ChangeCause,
  type EntryChange,
  type LockedEntry,
  type StoredEntry,
} from './quarantine-entries.ts';
import { FILTER, filterArguments, type QuarantineFilter } from './quarantine-view.ts';
import { inTransaction } from './transaction.ts';
import { storable } from './unstorable.ts';

/** An address that nothing has happened to, as it is stored. */
export const NOTHING_KNOWN: StoredEntry = { ...VALID_ENTRY, rule: null, text: null, siteId: null };

/** What a person, or a file, says of an address. */
export type EntryEdit = {
  readonly address: string;
  readonly status: QuarantineStatus;
  readonly errors?: number | undefined;
  readonly reason?: FailureReason | undefined;
  readonly text?: string | undefined;
  /** Milliseconds since the epoch; now, where an address is barred and this is left out. */
  readonly quarantinedAt?: number | undefined;
  /** When it leaves quarantine by itself; never where it is left out. */
  readonly releaseAt?: number | undefined;
};

export type EditReport = { readonly added: number; readonly changed: number; readonly unchanged: number };

/**
 * Sets addresses to what is said of them, in one transaction: at most some thousand at once. Of an address named more than
 * once the last holds. With `dryRun` nothing is changed.
 */
export async function putEntries(
  database: Database,
  edits: readonly EntryEdit[],
  options: { readonly cause: 'import' | 'edit'; readonly actor: string; readonly dryRun: boolean },
): Promise<EditReport> {
  const byAddress = new Map(edits.map((edit) => [addressKey(edit.address), edit]));
  const addresses = [...byAddress.keys()];
  return await inTransaction(database, async (tx) => {
    const { now } = await readQuarantineTerms(tx);
    const { entries, made } = options.dryRun
      ? { entries: await readKnown(tx, addresses), made: new Set<string>() }
      : await lockEntries(tx, addresses);
    const changes = [...byAddress].flatMap(([address, edit]): readonly EntryChange[] => {
      const known = made.has(address) ? undefined : entries.get(address);
      const before = known === undefined ? null : snapshot(known);
      const after = entryOf(edit, now, before);
      if (before !== null && sameEntry(before, after)) return [];
      return [{ address, ...options, before, after, reason: after.reason, text: after.text }];
    });
    if (!options.dryRun) await writeChanges(tx, changes, now);
    const added = changes.filter(({ before }) => before === null).length;
    return { added, changed: changes.length - added, unchanged: byAddress.size - changes.length };
  });
}

function entryOf(edit: EntryEdit, now: number, before: StoredEntry | null): StoredEntry {
  const barred = edit.status === 'quarantined' || edit.status === 'denylisted';
  const quarantinedAt = barred
    ? (edit.quarantinedAt ?? (before?.status === edit.status ? before.quarantinedAt : now))
    : null;
  const after: StoredEntry = {
    status: edit.status,
    errors: edit.errors ?? 0,
    reason: edit.reason ?? null,
    countedAt: edit.status === 'with-errors' ? (before?.countedAt ?? now) : null,
    successAt: null,
    quarantinedAt,
    releaseAt: edit.status === 'quarantined' ? (edit.releaseAt ?? null) : null,
    rule: null,
    text: storable(edit.text) ?? null,
    siteId: null,
  };
  return before !== null && saysTheSame(before, after) ? before : after;
}

/** Of all that an edit can say, to the millisecond. What it cannot stays then: an export that comes back changes nothing. */
function saysTheSame(one: StoredEntry, other: StoredEntry): boolean {
  const said = ({ status, errors, reason, text, quarantinedAt, releaseAt }: StoredEntry): string =>
    JSON.stringify([status, errors, reason, text, Math.trunc(quarantinedAt ?? 0), Math.trunc(releaseAt ?? 0)]);
  return said(one) === said(other);
}

function sameEntry(one: StoredEntry, other: StoredEntry): boolean {
  return JSON.stringify(snapshot(one)) === JSON.stringify(snapshot(other));
}

export type ReleaseReport = {
  readonly released: number;
  /** Some of the addresses. */
  readonly sample: readonly string[];
};

const BATCH = 500;
const SAMPLE = 20;

/**
 * Releases the quarantined addresses that a filter names (denylisted ones where it asks for those). With `dryRun` nothing
 * is changed.
 */
export async function releaseEntries(
  database: Database,
  filter: QuarantineFilter,
  { actor, dryRun }: { readonly actor: string; readonly dryRun: boolean },
): Promise<ReleaseReport> {
  const asked = { ...filter, status: filter.status ?? ('quarantined' as const) };
  let [released, after] = [0, ''];
  const sample: string[] = [];
  for (;;) {
    const page = await inTransaction(database, async (tx) => {
      const found = await tx.$queryRawUnsafe<LockedEntry[]>(
        `SELECT q.address, ${ENTRY_COLUMNS} FROM quarantine q
         WHERE ${FILTER} AND q.status IN ('quarantined', 'denylisted') AND q.address > $9::text
         ORDER BY q.address LIMIT ${BATCH} ${dryRun ? '' : 'FOR UPDATE'}`,
        ...filterArguments(asked),
        after,
      );
      if (!dryRun) await release(tx, found, { cause: 'bulk-release', actor });
      return found;
    });
    released += page.length;
    sample.push(...page.slice(0, SAMPLE - sample.length).map(({ address }) => address));
    const last = page.at(-1);
    if (last === undefined) return { released, sample };
    after = last.address;
  }
}

async function release(
  tx: Statements,
  entries: readonly LockedEntry[],
  { cause, actor }: { cause: ChangeCause; actor: string },
): Promise<void> {
  if (entries.length === 0) return;
  const { now } = await readQuarantineTerms(tx);
  const changes = entries.map((entry): EntryChange => {
    const before = snapshot(entry);
    const { reason, rule, text, siteId } = before;
    return { address: entry.address, cause, actor, before, after: NOTHING_KNOWN, reason, rule, text, siteId };
  });
  await writeChanges(tx, changes, now);
}

async function writeChanges(tx: Statements, changes: readonly EntryChange[], now: number): Promise<void> {
  await writeEntries(
    tx,
    changes.map(({ address, after }) => ({ ...after, address })),
    now,
  );
  await writeHistory(tx, changes, now);
}

async function readKnown(tx: Statements, addresses: readonly string[]): Promise<ReadonlyMap<string, LockedEntry>> {
  const rows = await tx.$queryRawUnsafe<LockedEntry[]>(
    `SELECT q.address, ${ENTRY_COLUMNS} FROM quarantine q WHERE q.address = ANY ($1::text[])`,
    addresses,
  );
  return new Map(rows.map((row) => [row.address, row]));
}

/** Locks the rows of addresses in their order; those that have none stay without. */
export async function lockKnown(
  tx: Statements,
  addresses: readonly string[],
): Promise<ReadonlyMap<string, LockedEntry>> {
  const rows = await tx.$queryRawUnsafe<LockedEntry[]>(
    `SELECT q.address, ${ENTRY_COLUMNS} FROM quarantine q WHERE q.address = ANY ($1::text[])
     ORDER BY q.address FOR UPDATE`,
    addresses,
  );
  return new Map(rows.map((row) => [row.address, row]));
}
