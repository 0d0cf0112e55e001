import type { MessageId } from '@mxflow/domain';
import type { Database } from './database.ts';

/** A message that is not finished, as work holds it. */
export type WaitingWork = {
  readonly state: 'waiting' | 'queued' | 'sending';
  readonly dueAt: Date;
  readonly waitReason: string | null;
  readonly lastReply: string | null;
  readonly siteId: number;
  readonly domain: string;
};

export async function readWaitingWork(database: Database, messageId: MessageId): Promise<WaitingWork | undefined> {
  const rows = await database.client.$queryRawUnsafe<WaitingWork[]>(
    `SELECT state::text AS state, due_at AS "dueAt", wait_reason AS "waitReason", last_reply AS "lastReply",
       site_id AS "siteId", split_part(address, '@', -1) AS domain
     FROM work WHERE message_id = $1::bigint`,
    messageId,
  );
  return rows[0];
}

/** Messages of a job that wait alike. */
export type WaitingGroup = WaitingWork & { readonly messages: number };

/** How the unfinished messages of a job wait, the largest groups first, counted over the first `sample` of them. */
export async function groupWaitingWork(
  database: Database,
  { jobNumber, sample, limit }: { jobNumber: string; sample: number; limit: number },
): Promise<readonly WaitingGroup[]> {
  return await database.client.$queryRawUnsafe<WaitingGroup[]>(
    `SELECT state::text AS state, min(due_at) AS "dueAt", wait_reason AS "waitReason", max(last_reply) AS "lastReply",
       site_id AS "siteId", min(split_part(address, '@', -1)) AS domain, count(*)::int AS messages
     FROM (SELECT * FROM work WHERE message_id BETWEEN $1::bigint << 27 AND (($1::bigint + 1) << 27) - 1 LIMIT $2::int) w
     GROUP BY state, wait_reason, site_id ORDER BY count(*) DESC, site_id LIMIT $3::int`,
    jobNumber,
    sample,
    limit,
  );
}

/** A site as `why` needs it. */
export type SiteFacts = {
  readonly siteId: number;
  readonly key: string;
  readonly rule: string;
  readonly blockKind: 'back-off' | 'block' | null;
  readonly blockedUntil: Date | null;
  readonly blockReason: string | null;
};

export async function readSiteFacts(database: Database, siteId: number): Promise<SiteFacts | undefined> {
  const rows = await database.client.$queryRawUnsafe<SiteFacts[]>(
    `SELECT id AS "siteId", key, lane_rule AS rule, block_kind AS "blockKind", blocked_until AS "blockedUntil",
       block_reason AS "blockReason" FROM sites WHERE id = $1::int`,
    siteId,
  );
  return rows[0];
}

/** The site of a domain that mail was sent to. */
export async function findDomainSite(database: Database, domain: string): Promise<SiteFacts | undefined> {
  const rows = await database.client.$queryRawUnsafe<{ siteId: number }[]>(
    `SELECT site_id AS "siteId" FROM domains WHERE name = lower($1)`,
    domain,
  );
  return rows[0] === undefined ? undefined : await readSiteFacts(database, rows[0].siteId);
}

/** What holds for one source under one group, as it stands now. */
export type SourceStanding = {
  readonly publicId: number;
  readonly suspendedUntil: Date | null;
  readonly reason: string | null;
  readonly lastReply: string | null;
  /** Scopes of it that were used, those with all connections in use, and those without a token left. */
  readonly scopes: number;
  readonly connectionsFull: number;
  readonly rateUsed: number;
  readonly slotsUsed: number;
  readonly maxConnections: number;
  readonly messagesPerHour: number;
  /** Seconds until a token can be there in one of them. */
  readonly tokenInSeconds: number | null;
};

export async function readSourceStandings(
  database: Database,
  pairs: readonly { readonly publicId: number; readonly groupKey: string }[],
): Promise<readonly SourceStanding[]> {
  return await database.client.$queryRawUnsafe<SourceStanding[]>(
    `SELECT p.public_id AS "publicId", h.suspended_until AS "suspendedUntil", h.reason, h.last_reply AS "lastReply",
       s.* FROM unnest($1::int[], $2::text[]) AS p(public_id, group_key)
     LEFT JOIN holds h ON h.public_id = p.public_id AND h.group_key = p.group_key
     CROSS JOIN LATERAL (
       SELECT count(*)::int AS scopes, (count(*) FILTER (WHERE slots_used >= max_connections))::int AS "connectionsFull",
         (count(*) FILTER (WHERE level < 1))::int AS "rateUsed", coalesce(sum(slots_used), 0)::int AS "slotsUsed",
         coalesce(sum(max_connections), 0)::int AS "maxConnections",
         coalesce(sum(messages_per_hour), 0)::float8 AS "messagesPerHour",
         min((1 - level) / nullif(mxflow_refill_rate(messages_per_hour), 0))::float8 AS "tokenInSeconds"
       FROM (SELECT slots_used, max_connections, messages_per_hour, mxflow_refilled(level, outstanding,
           messages_per_hour, extract(epoch FROM mxflow_now() - refilled_at)::float8) AS level
         FROM scopes WHERE public_id = p.public_id AND group_key = p.group_key) refilled
     ) s ORDER BY p.public_id`,
    pairs.map(({ publicId }) => publicId),
    pairs.map(({ groupKey }) => groupKey),
  );
}
