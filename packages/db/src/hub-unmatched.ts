import { createHash } from 'node:crypto';

import type { Database } from './database.ts';
import { inTransaction } from './transaction.ts';

/** A text that no rule matched; a client reports it as often as it has met it in all. */
export type ReportedText = {
  /** Without what differs from one to the next. */
  readonly text: string;
  readonly looksAt: 'reply' | 'diagnostic' | 'body';
  readonly replyCode?: number | undefined;
  readonly enhancedStatus?: string | undefined;
  readonly mxHost?: string | undefined;
  readonly hits: number;
};

/** Texts kept of one client: a client that invents them does not fill the disk. */
const MOST_OF_A_CLIENT = 50_000;

/**
 * Merges a client's report with those of others. Its figures count from the beginning, so that a report that comes twice,
 * or late, counts once. False where nothing was taken, since the client has more texts here than anybody qualifies.
 */
export async function mergeHubUnmatched(
  database: Database,
  { client, texts }: { readonly client: string; readonly texts: readonly ReportedText[] },
): Promise<boolean> {
  const rows = JSON.stringify([...distinct(texts)].map(([sha256, text]) => ({ sha256, ...text })));
  return await inTransaction(database, async (tx) => {
    const [held] = await tx.$queryRawUnsafe<{ texts: number }[]>(
      `SELECT count(*)::int AS texts FROM hub_unmatched_hits WHERE client = $1`,
      client,
    );
    if ((held?.texts ?? 0) > MOST_OF_A_CLIENT) return false;
    // Rows are locked in their order: two reports wait for each other, never in a circle.
    await tx.$executeRawUnsafe(
      `INSERT INTO hub_unmatched AS u (sha256, text, looks_at, reply_code, enhanced_status, mx_host, hits, clients)
       SELECT decode(r.sha256, 'hex'), r.text, r."looksAt", r."replyCode", r."enhancedStatus", r."mxHost", 0, 0
       FROM jsonb_to_recordset($1::jsonb) AS r(sha256 text, text text, "looksAt" text, "replyCode" int,
         "enhancedStatus" text, "mxHost" text)
       ORDER BY r.sha256 ON CONFLICT (sha256) DO UPDATE SET last_at = u.last_at`,
      rows,
    );
    await tx.$executeRawUnsafe(
      `INSERT INTO hub_unmatched_hits AS h (client, sha256, hits)
       SELECT $1, decode(r.sha256, 'hex'), r.hits FROM jsonb_to_recordset($2::jsonb) AS r(sha256 text, hits bigint)
       ORDER BY r.sha256 ON CONFLICT (client, sha256) DO UPDATE SET hits = greatest(h.hits, excluded.hits)`,
      client,
      rows,
    );
    await tx.$executeRawUnsafe(
      `UPDATE hub_unmatched u SET hits = s.hits, clients = s.clients,
         last_at = CASE WHEN s.hits > u.hits THEN mxflow_now() ELSE u.last_at END
       FROM (SELECT h.sha256, sum(h.hits)::bigint AS hits, count(*)::int AS clients FROM hub_unmatched_hits h
         WHERE h.sha256 IN (SELECT decode(r.sha256, 'hex') FROM jsonb_to_recordset($1::jsonb) AS r(sha256 text))
         GROUP BY h.sha256) s
       WHERE s.sha256 = u.sha256`,
      rows,
    );
    return true;
  });
}

/** Each text once, with the highest of its figures. */
function distinct(texts: readonly ReportedText[]): ReadonlyMap<string, ReportedText> {
  const known = new Map<string, ReportedText>();
  for (const text of texts) {
    const sha256 = createHash('sha256').update(text.text).digest('hex');
    if ((known.get(sha256)?.hits ?? 0) < text.hits) known.set(sha256, text);
  }
  return known;
}
