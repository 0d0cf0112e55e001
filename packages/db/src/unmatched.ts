import type { Database } from './database.ts';

export const UNMATCHED_STATUSES = ['to-qualify', 'keep', 'ignore', 'qualified'] as const;
export type UnmatchedStatus = (typeof UNMATCHED_STATUSES)[number];

/** A text that no rule matched, as it is gathered. */
export type UnmatchedText = {
  /** SHA-256 of the text, in hexadecimal. */
  readonly id: string;
  /** Without what differs from one to the next. */
  readonly text: string;
  /** The first as it came. */
  readonly example: string;
  readonly looksAt: 'reply' | 'diagnostic' | 'body';
  readonly replyCode: number | null;
  readonly enhancedStatus: string | null;
  readonly mxHost: string | null;
  readonly hits: number;
  readonly status: UnmatchedStatus;
  /** The rule that it became. */
  readonly rule: string | null;
  readonly firstAt: Date;
  readonly lastAt: Date;
};

const COLUMNS = `encode(sha256, 'hex') AS id, text, example, looks_at AS "looksAt", reply_code AS "replyCode",
  enhanced_status AS "enhancedStatus", mx_host AS "mxHost", hits::float8 AS hits, status, rule, first_at AS "firstAt",
  last_at AS "lastAt"`;

/** Where a page ends: the figures of its last text. */
export type UnmatchedPlace = Pick<UnmatchedText, 'hits' | 'id'>;

/** A page of texts of a status, the most frequent first. */
export async function pageUnmatched(
  database: Database,
  {
    status,
    after,
    limit,
  }: { readonly status: UnmatchedStatus; readonly after?: UnmatchedPlace | undefined; readonly limit: number },
): Promise<readonly UnmatchedText[]> {
  return await database.client.$queryRawUnsafe<UnmatchedText[]>(
    `SELECT ${COLUMNS} FROM unmatched_texts
     WHERE status = $1 AND ($2::bigint IS NULL OR (-hits, sha256) > (-$2::bigint, decode($3, 'hex')))
     ORDER BY hits DESC, sha256 LIMIT $4::int`,
    status,
    after?.hits ?? null,
    after?.id ?? '',
    limit,
  );
}

/** Texts whose id begins so, two at most: a person types a few digits of it. */
export async function findUnmatched(database: Database, start: string): Promise<readonly UnmatchedText[]> {
  return await database.client.$queryRawUnsafe<UnmatchedText[]>(
    `SELECT ${COLUMNS} FROM unmatched_texts WHERE starts_with(encode(sha256, 'hex'), $1) ORDER BY sha256 LIMIT 2`,
    start,
  );
}

/** Says what becomes of texts; of those that became a rule, which. */
export async function markUnmatched(
  database: Database,
  ids: readonly string[],
  { status, rule = null }: { readonly status: UnmatchedStatus; readonly rule?: string | null },
): Promise<number> {
  return await database.client.$executeRawUnsafe(
    `UPDATE unmatched_texts SET status = $2, rule = $3
     WHERE sha256 IN (SELECT decode(id, 'hex') FROM unnest($1::text[]) AS id)`,
    ids,
    status,
    rule,
  );
}
