import type { Database } from './database.ts';

/** Replies of one host that read the same, as the delivery log holds them. */
export type LoggedFailure = {
  readonly reply: string;
  readonly mxHost: string | null;
  readonly failures: number;
};

export type FailurePage = {
  /** Rows of the log that were looked at. */
  readonly looked: number;
  readonly failures: readonly LoggedFailure[];
  /** Id of the row where the next page begins; `undefined` where there is none. */
  readonly next: string | undefined;
};

type Row = LoggedFailure & { readonly lowest: string };

/** A page of what servers answered to messages that were not taken, the latest first, alike ones together. */
export async function pageLoggedFailures(
  database: Database,
  { days, after, limit }: { readonly days: number; readonly after: string | undefined; readonly limit: number },
): Promise<FailurePage> {
  const rows = await database.client.$queryRawUnsafe<Row[]>(
    `WITH page AS (
       SELECT id, reply, mx_host FROM delivery_log
       WHERE logged_at >= (SELECT mxflow_now()) - $1::int * interval '1 day' AND ($2::bigint IS NULL OR id < $2::bigint)
         AND status <> 'sent' AND reply <> '' ORDER BY id DESC LIMIT $3::int
     )
     SELECT reply, mx_host AS "mxHost", count(*)::int AS failures, (SELECT min(id) FROM page)::text AS lowest
     FROM page GROUP BY reply, mx_host ORDER BY count(*) DESC, reply`,
    days,
    after ?? null,
    limit,
  );
  const looked = rows.reduce((sum, { failures }) => sum + failures, 0);
  return {
    looked,
    failures: rows.map(({ reply, mxHost, failures }) => ({ reply, mxHost, failures })),
    next: looked === limit ? rows[0]?.lowest : undefined,
  };
}

/** A mail to a return-path domain, by its beginning. */
export type StoredMailHead = { readonly id: string; readonly raw: Uint8Array };

/** What of a mail is read again: nothing that tells of a failure stands further back. */
const HEAD_OCTETS = 65_536;

/** A page of stored mails that have been read once, the latest first; `after` is the last id of the page before. */
export async function pageStoredMails(
  database: Database,
  { days, after, limit }: { readonly days: number; readonly after: string | undefined; readonly limit: number },
): Promise<readonly StoredMailHead[]> {
  return await database.client.$queryRawUnsafe<StoredMailHead[]>(
    `SELECT m.id::text AS id, substring(raw FOR ${HEAD_OCTETS}) AS raw FROM inbound_mails m
     WHERE at >= (SELECT mxflow_now()) - $1::int * interval '1 day' AND ($2::bigint IS NULL OR m.id < $2::bigint)
       AND processed_at IS NOT NULL AND raw IS NOT NULL ORDER BY m.id DESC LIMIT $3::int`,
    days,
    after ?? null,
    limit,
  );
}
