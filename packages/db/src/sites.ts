import type { Database, Statements } from './database.ts';

/** What is known about a domain's site. */
export type DomainSite = {
  readonly domain: string;
  readonly siteId: number;
  readonly expired: boolean;
};

/** Looks domains up; those never resolved are absent. */
export async function findDomains(database: Database, domains: readonly string[]): Promise<readonly DomainSite[]> {
  return await database.client.$queryRawUnsafe<DomainSite[]>(
    `SELECT name AS domain, site_id AS "siteId", expires_at <= (SELECT mxflow_now()) OR moved AS expired
     FROM domains WHERE name = ANY ($1::text[])`,
    domains,
  );
}

/** A domain as it was just resolved. */
export type ResolvedDomain = {
  readonly domain: string;
  readonly siteKey: string;
  /** Whose hosts they are: one name over all sites of a provider. `undefined`: nobody's but the domain's own. */
  readonly provider?: string | undefined;
  /** Kind of the resolution: what `why` shows. */
  readonly resolution: string;
  readonly validSeconds: number;
};

/** Stores resolutions and answers the site of each domain. Sites are made as they are met. */
export async function saveDomains(
  database: Database,
  resolved: readonly ResolvedDomain[],
): Promise<readonly { readonly domain: string; readonly siteId: number }[]> {
  const rows = JSON.stringify(
    resolved.map((row) => ({
      name: row.domain,
      site_key: row.siteKey,
      provider: row.provider,
      resolution: row.resolution,
      valid_seconds: row.validSeconds,
    })),
  );
  return await database.client.$transaction(async (tx) => {
    // In the order of their keys: two dispatchers that meet the same new sites wait for each other, never in a circle.
    await tx.$executeRawUnsafe(
      `INSERT INTO sites (key) SELECT DISTINCT site_key FROM jsonb_to_recordset($1::jsonb) AS r(site_key text)
       WHERE NOT EXISTS (SELECT FROM sites s WHERE s.key = r.site_key) ORDER BY site_key ON CONFLICT DO NOTHING`,
      rows,
    );
    if (resolved.some(({ provider }) => provider !== undefined)) await saveProviders(tx, rows);
    return await tx.$queryRawUnsafe<{ domain: string; siteId: number }[]>(
      `INSERT INTO domains (name, site_id, resolution, expires_at)
       SELECT r.name, s.id, r.resolution, (SELECT mxflow_now()) + r.valid_seconds * interval '1 second'
       FROM jsonb_to_recordset($1::jsonb) AS r(name text, site_key text, resolution text, valid_seconds double precision)
       JOIN sites s ON s.key = r.site_key ORDER BY r.name
       ON CONFLICT (name) DO UPDATE SET site_id = excluded.site_id, resolution = excluded.resolution,
         expires_at = excluded.expires_at, moved = false
       RETURNING name AS domain, site_id AS "siteId"`,
      rows,
    );
  });
}

/** Gives sites that have none the provider of their hosts. Providers are made as they are met. */
async function saveProviders(tx: Statements, rows: string): Promise<void> {
  await tx.$executeRawUnsafe(
    `INSERT INTO providers (name) SELECT DISTINCT provider FROM jsonb_to_recordset($1::jsonb) AS r(provider text)
     WHERE provider IS NOT NULL AND NOT EXISTS (SELECT FROM providers p WHERE p.name = r.provider)
     ORDER BY provider ON CONFLICT DO NOTHING`,
    rows,
  );
  // By number, as everybody does who locks several sites.
  await tx.$executeRawUnsafe(
    `WITH without AS (
       SELECT s.id, p.id AS provider_id FROM jsonb_to_recordset($1::jsonb) AS r(site_key text, provider text)
       JOIN providers p ON p.name = r.provider JOIN sites s ON s.key = r.site_key AND s.provider_id IS NULL
       ORDER BY s.id FOR UPDATE OF s
     )
     UPDATE sites s SET provider_id = w.provider_id FROM without w WHERE s.id = w.id`,
    rows,
  );
}

/** A worker saw that a domain no longer belongs to the site under which its message was queued. */
export async function markDomainMoved(database: Database, domain: string): Promise<void> {
  await database.client.$executeRawUnsafe(`UPDATE domains SET moved = true WHERE name = $1`, domain);
}

/** Domains that workers found moved. */
export async function listMovedDomains(database: Database, limit: number): Promise<readonly DomainSite[]> {
  return await database.client.$queryRawUnsafe<DomainSite[]>(
    `SELECT name AS domain, site_id AS "siteId", true AS expired FROM domains WHERE moved LIMIT $1`,
    limit,
  );
}

/**
 * Moves the waiting messages of domains to the sites that they belong to now, wherever they wait. One pass over all
 * work, however many domains; answers how many messages were moved.
 */
export async function moveDomainWork(
  database: Database,
  moves: readonly { readonly domain: string; readonly siteId: number }[],
): Promise<number> {
  return await database.client.$executeRawUnsafe(
    `UPDATE work w SET site_id = m.site_id
     FROM jsonb_to_recordset($1::jsonb) AS m(domain text, site_id int)
     WHERE w.state = 'waiting' AND split_part(w.address, '@', -1) = m.domain AND w.site_id <> m.site_id`,
    JSON.stringify(moves.map(({ domain, siteId }) => ({ domain, site_id: siteId }))),
  );
}

/** A site's key and whether it rests. */
export type SiteState = {
  readonly siteId: number;
  readonly key: string;
  /** Milliseconds until it may be tried again; 0 where it may be now. */
  readonly blockedMs: number;
  readonly failures: number;
};

/** Reads sites by id. */
export async function readSites(database: Database, siteIds: readonly number[]): Promise<readonly SiteState[]> {
  return await database.client.$queryRawUnsafe<SiteState[]>(
    `SELECT id AS "siteId", key, failures,
       greatest(0, coalesce(extract(epoch FROM blocked_until - (SELECT mxflow_now())) * 1000, 0))::float8 AS "blockedMs"
     FROM sites WHERE id = ANY ($1::int[])`,
    siteIds,
  );
}

/**
 * Counts one more failure to reach a site and lets it rest. A failure that was under way while another worker's was
 * recorded counts as the same: eight workers meet a dead site together, and it is one failure.
 *
 * @param restSeconds by number of failures in a row, the first at index 0; the last holds for all that follow.
 * @returns milliseconds for which the site rests from now.
 */
export async function recordSiteFailure(
  database: Database,
  { siteId, because, restSeconds }: { siteId: number; because: string; restSeconds: readonly number[] },
): Promise<number> {
  const rows = await database.client.$queryRawUnsafe<{ blockedMs: number }[]>(
    `UPDATE sites SET
       failures = CASE WHEN resting THEN failures ELSE failures + 1 END,
       blocked_until = CASE WHEN resting THEN blocked_until
         ELSE now + ($3::float8[])[least(failures + 1, cardinality($3::float8[]))] * interval '1 second' END,
       block_kind = CASE WHEN resting THEN block_kind ELSE 'back-off' END,
       block_reason = CASE WHEN resting THEN block_reason ELSE $2 END
     FROM (SELECT id AS site, now, coalesce(blocked_until > now, false) AS resting
           FROM sites, (SELECT mxflow_now() AS now) clock WHERE id = $1 FOR UPDATE OF sites) before
     WHERE id = before.site
     RETURNING (extract(epoch FROM blocked_until - now) * 1000)::float8 AS "blockedMs"`,
    siteId,
    because,
    restSeconds,
  );
  return rows[0]?.blockedMs ?? 0;
}

/** A site was reached: its back-off ends and starts from zero. A block for failing messages is not lifted by a connection. */
export async function recordSiteReached(database: Database, siteId: number): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE sites SET failures = 0, blocked_until = NULL, block_kind = NULL, block_reason = NULL
     WHERE id = $1 AND (failures > 0 OR blocked_until IS NOT NULL)
       AND (block_kind IS DISTINCT FROM 'block' OR blocked_until <= mxflow_now())`,
    siteId,
  );
}
