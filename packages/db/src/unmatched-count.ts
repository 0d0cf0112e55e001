import { createHash } from 'node:crypto';

import type { Database } from './database.ts';
import type { ReportedText } from './hub-unmatched.ts';
import { storable } from './unstorable.ts';

/** A text that no rule matched, as often as a process has met it of late. */
export type UnmatchedCount = ReportedText & {
  /** The first as it came. */
  readonly example: string;
};

const MAX_EXAMPLE = 2000;

/** Adds texts to those gathered for an operator to qualify; of each the first example stays. */
export async function countUnmatched(database: Database, texts: readonly UnmatchedCount[]): Promise<void> {
  if (texts.length === 0) return;
  const rows = texts.map(({ text, example, ...unmatched }) => ({
    sha256: createHash('sha256').update(text).digest('hex'),
    text: storable(text),
    example: storable(example).slice(0, MAX_EXAMPLE).toWellFormed(),
    looks_at: unmatched.looksAt,
    reply_code: unmatched.replyCode,
    enhanced_status: unmatched.enhancedStatus,
    mx_host: unmatched.mxHost,
    hits: unmatched.hits,
  }));
  // Rows are locked in their order: two batches wait for each other, never in a circle.
  await database.client.$executeRawUnsafe(
    `INSERT INTO unmatched_texts AS u (sha256, text, example, looks_at, reply_code, enhanced_status, mx_host, hits)
     SELECT decode(r.sha256, 'hex'), r.text, r.example, r.looks_at, r.reply_code, r.enhanced_status, r.mx_host, r.hits
     FROM jsonb_to_recordset($1::jsonb) AS r(sha256 text, text text, example text, looks_at text, reply_code int,
       enhanced_status text, mx_host text, hits bigint)
     ORDER BY r.sha256
     ON CONFLICT (sha256) DO UPDATE SET hits = u.hits + excluded.hits, last_at = excluded.last_at`,
    JSON.stringify(rows),
  );
}

/** What operators have to look at: texts to qualify, and rules in force that have never matched. */
export async function countReadingBacklog(
  database: Database,
): Promise<{ readonly toQualify: number; readonly neverHit: number }> {
  const [row] = await database.client.$queryRawUnsafe<{ toQualify: number; neverHit: number }[]>(
    `SELECT (SELECT count(*) FROM unmatched_texts WHERE status = 'to-qualify')::int AS "toQualify",
       (SELECT count(*) FROM bounce_rules WHERE enabled AND hits = 0)::int AS "neverHit"`,
  );
  return row ?? { toQualify: 0, neverHit: 0 };
}
