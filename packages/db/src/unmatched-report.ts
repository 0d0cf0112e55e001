import type { Database } from './database.ts';
import type { UnmatchedText } from './unmatched.ts';

/** A text as a deliverability instance is told of it. */
export type UnreportedText = Pick<UnmatchedText, 'id' | 'text' | 'looksAt' | 'hits'> & {
  readonly replyCode?: number;
  readonly enhancedStatus?: string;
  readonly mxHost?: string;
};

/**
 * Texts to qualify of which the deliverability instance has not been told all hits, the most frequent first. What might
 * hold an address in spite of all is left out: it stays here.
 */
export async function pageUnreported(database: Database, limit: number): Promise<readonly UnreportedText[]> {
  const rows = await database.client.$queryRawUnsafe<{ text: UnreportedText }[]>(
    `SELECT jsonb_strip_nulls(jsonb_build_object('id', encode(sha256, 'hex'), 'text', text, 'looksAt', looks_at,
       'replyCode', CASE WHEN reply_code BETWEEN 200 AND 599 THEN reply_code END,
       'enhancedStatus', substring(enhanced_status FROM '^[245]\\.\\d{1,3}\\.\\d{1,3}$'),
       'mxHost', CASE WHEN length(mx_host) BETWEEN 1 AND 255 THEN mx_host END, 'hits', hits)) AS text
     FROM unmatched_texts
     WHERE status = 'to-qualify' AND hits > reported_hits AND text !~ '@' AND length(text) BETWEEN 1 AND 500
     ORDER BY hits DESC, sha256 LIMIT $1::int`,
    limit,
  );
  return rows.map(({ text }) => text);
}

/** Notes what the deliverability instance has been told. */
export async function noteReported(database: Database, texts: readonly UnreportedText[]): Promise<void> {
  // Rows are locked in their order, as where they are counted.
  await database.client.$executeRawUnsafe(
    `WITH told AS (
       SELECT u.sha256, r.hits FROM unmatched_texts u
       JOIN jsonb_to_recordset($1::jsonb) AS r(id text, hits bigint) ON u.sha256 = decode(r.id, 'hex')
       ORDER BY u.sha256 FOR UPDATE OF u
     )
     UPDATE unmatched_texts u SET reported_hits = told.hits FROM told WHERE u.sha256 = told.sha256`,
    JSON.stringify(texts.map(({ id, hits }) => ({ id, hits }))),
  );
}
