import {
  addressKey,
  isBarred,
  type FailureReason,
  type QuarantineStatus,
  type QuarantineSettings,
  type ReasonPolicy,
} from '@mxflow/domain';

import type { Database } from './database.ts';
import { liesUnder } from './guarded.ts';
import { ENTRY_COLUMNS, readQuarantineTerms, type ChangeCause, type StoredEntry } from './quarantine-entries.ts';
import { listsLeft, type LeftList } from './unsubscribes.ts';

/** Which addresses: those that meet all that is given. */
export type QuarantineFilter = {
  readonly status?: QuarantineStatus | undefined;
  readonly domain?: string | undefined;
  readonly reason?: FailureReason | undefined;
  readonly rule?: string | undefined;
  /** A site, a provider or the resolver: see {@link RESOLVER_SITE}. */
  readonly siteId?: number | undefined;
  /** Found anywhere in the text that was seen, without regard to case. */
  readonly text?: string | undefined;
  /** Of the entry into quarantine, or of the last counted error: the first instant, and the first behind the last. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
};

/** A filter over `quarantine q` in SQL, with the arguments $1 to $8. */
export const FILTER = `($1::quarantine_status IS NULL OR q.status = $1) AND ($2::text IS NULL OR q.domain = $2)
  AND ($3::text IS NULL OR q.reason = $3) AND ($4::text IS NULL OR q.rule = $4)
  AND ${liesUnder('q', '$5')} AND ($6::text IS NULL OR position(lower($6) IN lower(q.text)) > 0)
  AND ($7::timestamptz IS NULL OR coalesce(q.quarantined_at, q.counted_at) >= $7)
  AND ($8::timestamptz IS NULL OR coalesce(q.quarantined_at, q.counted_at) < $8)`;

export function filterArguments(filter: QuarantineFilter): readonly unknown[] {
  const { status, domain, reason, rule, siteId, text, from, to } = filter;
  return [status, domain?.toLowerCase(), reason, rule, siteId, text, from, to].map((given) => given ?? null);
}

/** An address as operators see it. */
export type QuarantineRow = StoredEntry & {
  readonly address: string;
  readonly domain: string;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
};

const ROW = `q.address, q.domain, (extract(epoch FROM q.changed_at) * 1000)::float8 AS "changedAt", ${ENTRY_COLUMNS}`;

/** A page of addresses in their order; `after` is the last one of the page before. Exports go through all pages. */
export async function pageEntries(
  database: Database,
  filter: QuarantineFilter,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<readonly QuarantineRow[]> {
  return await database.client.$queryRawUnsafe<QuarantineRow[]>(
    `SELECT ${ROW} FROM quarantine q WHERE ${FILTER} AND q.address > $9::text
     ORDER BY q.address LIMIT $10::int`,
    ...filterArguments(filter),
    after ?? '',
    limit,
  );
}

/** A change of an address, with its cause. */
export type QuarantineChangeRow = {
  readonly id: string;
  readonly at: Date;
  readonly cause: ChangeCause;
  readonly actor: string | null;
  readonly statusBefore: QuarantineStatus;
  readonly statusAfter: QuarantineStatus;
  readonly errorsBefore: number;
  readonly errorsAfter: number;
  readonly reason: FailureReason | null;
  readonly rule: string | null;
  readonly text: string | null;
  readonly siteId: number | null;
  readonly messageId: string | null;
  readonly attempt: number | null;
  readonly undone: boolean;
};

/** Changes of an address, the latest first; `before` is the last id of the page before. */
export async function historyOf(
  database: Database,
  address: string,
  { before, limit }: { readonly before?: string | undefined; readonly limit: number },
): Promise<readonly QuarantineChangeRow[]> {
  return await database.client.$queryRawUnsafe<QuarantineChangeRow[]>(
    `SELECT h.id::text AS id, at, cause, actor, status_before::text AS "statusBefore", status_after::text AS "statusAfter",
       errors_before AS "errorsBefore", errors_after AS "errorsAfter", reason, rule, text, site_id AS "siteId",
       message_id::text AS "messageId", attempt, undone_by IS NOT NULL AS undone
     FROM quarantine_history h WHERE address = $1 AND ($2::bigint IS NULL OR h.id < $2::bigint)
     ORDER BY h.id DESC LIMIT $3::int`,
    addressKey(address),
    before ?? null,
    limit,
  );
}

/** Everything that says why an address gets mail or gets none. */
export type AddressFacts = {
  readonly address: string;
  /** No mail is sent to it now. */
  readonly barred: boolean;
  /** `undefined`: nothing has happened to it. */
  readonly entry: QuarantineRow | undefined;
  /** What holds for the reason of its last error. */
  readonly policy: ReasonPolicy | undefined;
  readonly settings: QuarantineSettings;
  /** The latest changes, the last first. */
  readonly history: readonly QuarantineChangeRow[];
  /** Errors that the guard holds back. */
  readonly held: number;
  readonly leftLists: readonly LeftList[];
};

const LATEST = 50;

export async function explainAddress(database: Database, given: string): Promise<AddressFacts> {
  const address = addressKey(given);
  const [[entry], history, terms, [counted], leftLists] = await Promise.all([
    database.client.$queryRawUnsafe<QuarantineRow[]>(`SELECT ${ROW} FROM quarantine q WHERE q.address = $1`, address),
    historyOf(database, address, { limit: LATEST }),
    readQuarantineTerms(database.client),
    database.client.$queryRawUnsafe<{ held: number }[]>(
      `SELECT count(*)::int AS held FROM guard_held WHERE address = $1`,
      address,
    ),
    listsLeft(database, address),
  ]);
  const { policies, settings, now } = terms;
  const reason = entry?.reason ?? null;
  return {
    address,
    barred: entry !== undefined && isBarred(entry, now),
    entry,
    policy: reason === null ? undefined : policies[reason],
    settings,
    history,
    held: counted?.held ?? 0,
    leftLists,
  };
}

export type QuarantineCounts = Readonly<Partial<Record<QuarantineStatus, number>>>;

/** How many addresses stand where. Reads all of quarantine: not often. */
export async function countQuarantine(database: Database): Promise<QuarantineCounts> {
  const rows = await database.client.$queryRawUnsafe<{ status: QuarantineStatus; addresses: number }[]>(
    `SELECT status::text AS status, count(*)::int AS addresses FROM quarantine GROUP BY 1`,
  );
  return Object.fromEntries(rows.map(({ status, addresses }) => [status, addresses]));
}
