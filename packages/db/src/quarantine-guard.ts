import { isAlarming, passGuard, passMailGuard, usualShare, type QuarantineSettings } from '@mxflow/domain';

import type { Statements } from './database.ts';

/** Site 0 stands for the resolver: domains that do not exist, over all sites. */
export const RESOLVER_SITE = 0;

/** What one transaction asks the guard about one site. */
export type GuardQuestion = {
  readonly siteId: number;
  /** Errors that would send an address to quarantine. */
  readonly suspects: number;
  /** Messages of the site that this transaction has counted. */
  readonly messages: number;
};

export type GuardAnswer = {
  readonly siteId: number;
  readonly admitted: number;
  /** Errors are held back here from now on. */
  readonly alarmed: boolean;
};

type GuardRow = {
  readonly siteId: number;
  readonly level: number;
  readonly share: number;
  readonly elapsedHours: number;
  readonly seenMessages: number;
  readonly sameHour: boolean;
  readonly alarmed: boolean;
};

/** How far back a site's own history reaches. */
const HISTORY_DAYS = 30;

/**
 * Asks the guard of each site how many addresses may go to quarantine. The rows of the sites stay locked until the end of
 * the transaction, in their order, so that all replicas together admit no more.
 */
export async function askGuard(
  tx: Statements,
  questions: readonly GuardQuestion[],
  { settings, from }: { readonly settings: QuarantineSettings; readonly from: 'reply' | 'mail' },
): Promise<readonly GuardAnswer[]> {
  if (questions.length === 0) return [];
  const rows = await lockSites(tx, questions);
  const counted = await countMessages(tx, rows, from);
  const decided = questions.map((question) => {
    const row = rows.get(question.siteId);
    const seen = counted.get(question.siteId);
    if (row === undefined || seen === undefined) throw new Error(`expected a guard of site ${question.siteId}`);
    return decide(question, { row, seen, settings, from });
  });
  await tx.$executeRawUnsafe(SETTLE, JSON.stringify(decided.map(({ write }) => write)));
  return decided.map(({ answer }) => answer);
}

/** Messages of a site: of this hour, of the last 24, and in its history; and addresses that went to quarantine. */
type Counted = {
  readonly siteId: number;
  readonly thisHour: number;
  readonly day: number;
  readonly quarantinedToday: number;
  /** By mail, of this hour and the one before. */
  readonly mailedLately: number;
  readonly history: number;
  readonly quarantinedBefore: number;
};

function decide(
  { siteId, suspects, messages }: GuardQuestion,
  world: { row: GuardRow; seen: Counted; settings: QuarantineSettings; from: 'reply' | 'mail' },
): { readonly answer: GuardAnswer; readonly write: object } {
  const { row, seen, settings, from } = world;
  const { guardAddresses } = settings;
  const share = row.sameHour
    ? row.share
    : usualShare({ messages: seen.history, quarantined: seen.quarantinedBefore }, settings);
  const elapsedMessages = Math.max(0, seen.thisHour - (row.sameHour ? row.seenMessages : 0) - messages);
  const { elapsedHours, level: before } = row;
  const passed =
    from === 'reply'
      ? passGuard({ level: before, elapsedMessages, elapsedHours, messages, suspects }, { guardAddresses, share })
      : {
          admitted: passMailGuard(
            {
              messages: seen.day,
              quarantined: seen.quarantinedToday,
              mailedLately: seen.mailedLately,
              suspects,
            },
            { guardAddresses, share },
          ),
          level: before,
        };
  const held = suspects - passed.admitted;
  const alarmed = held > 0 || (row.alarmed && isAlarming(passed.level, settings));
  const write = {
    site_id: siteId,
    level: passed.level,
    seen: from === 'reply',
    seen_messages: seen.thisHour,
    share,
    alarmed,
    suspects,
    quarantined: passed.admitted,
    mailed: from === 'mail' ? passed.admitted : 0,
  };
  return { answer: { siteId, admitted: passed.admitted, alarmed: alarmed && !row.alarmed }, write };
}

async function lockSites(tx: Statements, questions: readonly GuardQuestion[]): Promise<ReadonlyMap<number, GuardRow>> {
  const sites = questions.map(({ siteId }) => siteId);
  await tx.$executeRawUnsafe(
    `INSERT INTO guard_sites (site_id) SELECT unnest($1::int[]) ORDER BY 1 ON CONFLICT DO NOTHING`,
    sites,
  );
  const rows = await tx.$queryRawUnsafe<GuardRow[]>(
    `SELECT site_id AS "siteId", level, share, seen_messages::float8 AS "seenMessages", alarmed_at IS NOT NULL AS alarmed,
       CASE WHEN seen_at = '-infinity' THEN 1e9
         ELSE greatest(0, extract(epoch FROM mxflow_now() - seen_at) / 3600) END::float8 AS "elapsedHours",
       date_trunc('hour', seen_at) = date_trunc('hour', mxflow_now()) AS "sameHour"
     FROM guard_sites WHERE site_id = ANY ($1::int[]) ORDER BY site_id FOR UPDATE`,
    sites,
  );
  return new Map(rows.map((row) => [row.siteId, row]));
}

/** History is summed once an hour a site: whenever its share is to be worked out anew. */
async function countMessages(
  tx: Statements,
  rows: ReadonlyMap<number, GuardRow>,
  from: 'reply' | 'mail',
): Promise<ReadonlyMap<number, Counted>> {
  const wanted = [...rows.values()].map(({ siteId, sameHour }) => ({
    site_id: siteId,
    back: sameHour ? (from === 'mail' ? 1 : 0) : HISTORY_DAYS,
  }));
  const counted = await tx.$queryRawUnsafe<Counted[]>(COUNT, JSON.stringify(wanted));
  return new Map(counted.map((row) => [row.siteId, row]));
}

const COUNT = `
  WITH clock AS (SELECT now, date_trunc('hour', now) AS hour FROM (SELECT mxflow_now() AS now) c)
  SELECT w.site_id AS "siteId", m.*, e.*
  FROM jsonb_to_recordset($1::jsonb) AS w(site_id int, back int) CROSS JOIN clock c
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(h.messages) FILTER (WHERE h.hour = c.hour), 0)::float8 AS "thisHour",
      coalesce(sum(h.messages) FILTER (WHERE h.hour > c.hour - interval '24 hours'), 0)::float8 AS day,
      coalesce(sum(h.messages) FILTER (WHERE h.hour < c.hour), 0)::float8 AS history
    FROM guard_hours h WHERE (h.site_id = w.site_id OR w.site_id = ${RESOLVER_SITE})
      AND h.hour >= c.hour - w.back * interval '1 day'
  ) m CROSS JOIN LATERAL (
    SELECT coalesce(sum(h.quarantined) FILTER (WHERE h.hour > c.hour - interval '24 hours'), 0)::float8
        AS "quarantinedToday",
      coalesce(sum(h.mailed) FILTER (WHERE h.hour >= c.hour - interval '1 hour'), 0)::float8 AS "mailedLately",
      coalesce(sum(h.quarantined) FILTER (WHERE h.hour < c.hour), 0)::float8 AS "quarantinedBefore"
    FROM guard_effects h WHERE h.site_id = w.site_id AND h.hour >= c.hour - w.back * interval '1 day'
  ) e`;

const SETTLE = `
  WITH clock AS (SELECT mxflow_now() AS now), answer AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS a(site_id int, level float8, seen boolean, seen_messages bigint,
      share float8, alarmed boolean, suspects int, quarantined int, mailed int)
  ), counted AS (
    INSERT INTO guard_effects AS h (site_id, hour, suspects, quarantined, mailed)
    SELECT site_id, date_trunc('hour', now), suspects, quarantined, mailed FROM answer CROSS JOIN clock ORDER BY site_id
    ON CONFLICT (site_id, hour) DO UPDATE SET suspects = h.suspects + excluded.suspects,
      quarantined = h.quarantined + excluded.quarantined, mailed = h.mailed + excluded.mailed
  )
  UPDATE guard_sites g SET level = a.level, share = a.share, seen_at = CASE WHEN a.seen THEN now ELSE g.seen_at END,
    seen_messages = CASE WHEN a.seen THEN a.seen_messages ELSE g.seen_messages END,
    alarmed_at = CASE WHEN a.alarmed THEN coalesce(g.alarmed_at, now) END
  FROM answer a CROSS JOIN clock WHERE g.site_id = a.site_id`;
