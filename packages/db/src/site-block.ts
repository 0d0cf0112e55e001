import type { Database } from './database.ts';

/** What was counted at a site over the last 60 minutes. */
export type CountedSite = {
  readonly siteId: number;
  readonly key: string;
  readonly messages: number;
  readonly failures: number;
};

/** Sites at which something failed within the last two minutes, with their last hour; blocked ones are absent. */
export async function listFailingSites(database: Database): Promise<readonly CountedSite[]> {
  return await database.client.$queryRawUnsafe<CountedSite[]>(
    `SELECT s.id AS "siteId", s.key, sum(m.messages)::int AS messages, sum(m.failures)::int AS failures
     FROM (SELECT DISTINCT site_id FROM site_minutes
       WHERE failures > 0 AND minute > (SELECT mxflow_now()) - interval '2 minutes') failing
     JOIN sites s ON s.id = failing.site_id
       AND NOT (coalesce(s.block_kind = 'block', false) AND s.blocked_until > (SELECT mxflow_now()))
     JOIN site_minutes m ON m.site_id = s.id AND m.minute > (SELECT mxflow_now()) - interval '1 hour'
     GROUP BY s.id, s.key`,
  );
}

/** Blocks a site. What was counted has had its effect: the next block needs an hour of its own. `false`: it was blocked. */
export async function blockSite(
  database: Database,
  { siteId, hours, because }: { siteId: number; hours: number; because: string },
): Promise<boolean> {
  return await database.client.$transaction(async (tx) => {
    const blocked = await tx.$executeRawUnsafe(
      `UPDATE sites SET blocked_until = mxflow_now() + $2::float8 * interval '1 hour', block_kind = 'block',
         block_reason = $3
       WHERE id = $1::int AND NOT (coalesce(block_kind = 'block', false) AND blocked_until > mxflow_now())`,
      siteId,
      hours,
      because,
    );
    if (blocked > 0) await tx.$executeRawUnsafe(`DELETE FROM site_minutes WHERE site_id = $1::int`, siteId);
    return blocked > 0;
  });
}

/** A site that rests. */
export type BlockedSite = {
  readonly siteId: number;
  readonly key: string;
  readonly kind: 'back-off' | 'block';
  readonly until: Date;
  readonly reason: string | null;
  readonly failures: number;
  /** Some domains of the site. */
  readonly domains: readonly string[];
};

/** Sites that rest now, the longest first. */
export async function listBlockedSites(database: Database, limit: number): Promise<readonly BlockedSite[]> {
  return await database.client.$queryRawUnsafe<BlockedSite[]>(
    `SELECT s.id AS "siteId", s.key, coalesce(s.block_kind, 'back-off') AS kind, s.blocked_until AS until,
       s.block_reason AS reason, s.failures,
       ARRAY(SELECT d.name FROM domains d WHERE d.site_id = s.id ORDER BY d.name LIMIT 5) AS domains
     FROM sites s WHERE s.blocked_until > mxflow_now() ORDER BY s.blocked_until DESC LIMIT $1::int`,
    limit,
  );
}

/**
 * Ends a site's rest, of whatever kind, and forgets what was counted. What was put off for it is due at once, and workers
 * that wait hear of it. `false`: it did not rest.
 */
export async function unblockSite(database: Database, siteId: number): Promise<boolean> {
  return await database.client.$transaction(async (tx) => {
    const lifted = await tx.$executeRawUnsafe(
      `UPDATE sites SET failures = 0, blocked_until = NULL, block_kind = NULL, block_reason = NULL
       WHERE id = $1::int AND blocked_until > mxflow_now()`,
      siteId,
    );
    await tx.$executeRawUnsafe(`DELETE FROM site_minutes WHERE site_id = $1::int`, siteId);
    if (lifted === 0) return false;
    await tx.$executeRawUnsafe(
      `UPDATE work SET due_at = mxflow_now() WHERE site_id = $1::int AND state = 'waiting'
         AND wait_reason IN ('site-blocked', 'site-back-off') AND due_at > mxflow_now()`,
      siteId,
    );
    await tx.$queryRawUnsafe(
      `SELECT pg_notify('mxflow_scopes', c.key)::text FROM scopes c JOIN sites s ON s.id = $1::int
       WHERE c.group_key = 'site:' || s.id OR c.group_key = 'rule:' || s.lane_rule`,
      siteId,
    );
    return true;
  });
}

/** A path that rests: one source towards one address of an MX host. */
export type BlockedPath = {
  readonly publicId: number;
  readonly mxIp: string;
  readonly until: Date;
  readonly failures: number;
  readonly reason: string | null;
};

export async function listBlockedPaths(database: Database, limit: number): Promise<readonly BlockedPath[]> {
  return await database.client.$queryRawUnsafe<BlockedPath[]>(
    `SELECT public_id AS "publicId", mx_ip AS "mxIp", blocked_until AS until, failures, reason FROM path_back_off
     WHERE blocked_until > mxflow_now() ORDER BY blocked_until DESC LIMIT $1::int`,
    limit,
  );
}
