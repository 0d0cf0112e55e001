import type { Database } from './database.ts';

export const UNMATCHED_STATUSES = ['to-qualify', 'keep', 'ignore', 'qualified'] as const;
export type UnmatchedStatus = (typeof UNMATCHED_STATUSES)[number];

/** A text that no rule matched, as it is gathered. */
export type UnmatchedText = {
  /** SHA-256 of the text, in hexadecimal. */
  readonly id: string;
  /** Without what differs from one to the next. */
  readonly text: string;
  /** The first as it came; null at a hub, which never sees one. */
  readonly example: string | null;
  /** How many have met it; null where it was met here. */
  readonly clients: number | null;
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

/** Where a page ends: the figures of its last text. */
export type UnmatchedPlace = Pick<UnmatchedText, 'hits' | 'id'>;

export type UnmatchedPageOrder = {
  readonly status: UnmatchedStatus;
  readonly after?: UnmatchedPlace | undefined;
  readonly limit: number;
};

/** The texts gathered in one place. */
export type UnmatchedTexts = {
  /** A page of texts of a status, the most frequent first. */
  readonly page: (order: UnmatchedPageOrder) => Promise<readonly UnmatchedText[]>;
  /** Texts whose id begins so, two at most: a person types a few digits of it. */
  readonly find: (start: string) => Promise<readonly UnmatchedText[]>;
  /** Says what becomes of texts; of those that became a rule, which. */
  readonly mark: (
    ids: readonly string[],
    mark: { readonly status: UnmatchedStatus; readonly rule?: string },
  ) => Promise<void>;
  /** The texts still to be qualified that somebody takes, the most frequent first. */
  readonly takenBy: (takes: (text: UnmatchedText) => boolean) => Promise<readonly UnmatchedText[]>;
};

const OWN_COLUMNS = {
  unmatched_texts: 'example, NULL::int AS clients',
  hub_unmatched: 'NULL AS example, clients',
} as const;
const AT_ONCE = 1000;
/** Texts that one rule is held against; those behind it are the rarest. */
const MOST = 20_000;

/** Those of this instance, or those that clients reported to its hub. */
export function unmatchedTexts(database: Database, table: keyof typeof OWN_COLUMNS): UnmatchedTexts {
  const { client } = database;
  const columns = `encode(sha256, 'hex') AS id, text, ${OWN_COLUMNS[table]}, looks_at AS "looksAt",
    reply_code AS "replyCode", enhanced_status AS "enhancedStatus", mx_host AS "mxHost", hits::float8 AS hits, status,
    rule, first_at AS "firstAt", last_at AS "lastAt"`;
  const page: UnmatchedTexts['page'] = ({ status, after, limit }) =>
    client.$queryRawUnsafe<UnmatchedText[]>(
      `SELECT ${columns} FROM ${table}
       WHERE status = $1 AND ($2::bigint IS NULL OR (-hits, sha256) > (-$2::bigint, decode($3, 'hex')))
       ORDER BY hits DESC, sha256 LIMIT $4::int`,
      status,
      after?.hits ?? null,
      after?.id ?? '',
      limit,
    );
  return {
    page,
    find: (start) =>
      client.$queryRawUnsafe<UnmatchedText[]>(
        `SELECT ${columns} FROM ${table} WHERE starts_with(encode(sha256, 'hex'), $1) ORDER BY sha256 LIMIT 2`,
        start,
      ),
    mark: async (ids, { status, rule }) => {
      await client.$executeRawUnsafe(
        `UPDATE ${table} SET status = $2, rule = $3
         WHERE sha256 IN (SELECT decode(id, 'hex') FROM unnest($1::text[]) AS id)`,
        ids,
        status,
        rule ?? null,
      );
    },
    takenBy: async (takes) => {
      const taken: UnmatchedText[] = [];
      let after: UnmatchedText | undefined;
      for (let looked = 0; looked < MOST; looked += AT_ONCE) {
        const texts = await page({ status: 'to-qualify', after, limit: AT_ONCE });
        taken.push(...texts.filter(takes));
        after = texts.at(-1);
        if (texts.length < AT_ONCE) break;
      }
      return taken;
    },
  };
}
