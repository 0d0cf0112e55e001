import type { Database } from './database.ts';
import { isProvider } from './guarded.ts';

/** What became of the latest messages to a site. */
export type SiteFigures = {
  /** One of its domains; `resolver` for domains that do not exist. */
  readonly site: string;
  /** Messages with an outcome, in this hour and the one before. */
  readonly messages: number;
  /** Errors of theirs that are about an address. */
  readonly deadAddresses: number;
  /** Failures of the last 60 minutes that are about the site or the source. */
  readonly refusals: number;
};

/** The sites with the most errors of late. */
export async function listFailingMost(database: Database, limit: number): Promise<readonly SiteFigures[]> {
  return await database.client.$queryRawUnsafe<SiteFigures[]>(
    `WITH clock AS (SELECT mxflow_now() AS now), dead AS (
       SELECT site_id, sum(suspects)::int AS errors FROM guard_effects, clock
       WHERE hour >= date_trunc('hour', now) - interval '1 hour' AND NOT ${isProvider('site_id')} GROUP BY site_id
     ), refused AS (
       SELECT site_id, sum(failures)::int AS errors FROM site_minutes, clock
       WHERE minute > now - interval '1 hour' GROUP BY site_id
     ), worst AS (
       SELECT site_id, coalesce(d.errors, 0) AS dead, coalesce(r.errors, 0) AS refused
       FROM dead d FULL JOIN refused r USING (site_id) WHERE coalesce(d.errors, 0) + coalesce(r.errors, 0) > 0
       ORDER BY coalesce(d.errors, 0) + coalesce(r.errors, 0) DESC, site_id LIMIT $1::int
     )
     SELECT CASE WHEN w.site_id = 0 THEN 'resolver' ELSE coalesce(
         (SELECT min(d.name) FROM domains d WHERE d.site_id = w.site_id), w.site_id::text) END AS site,
       (SELECT coalesce(sum(h.messages), 0)::int FROM guard_hours h, clock
         WHERE h.site_id = w.site_id AND h.hour >= date_trunc('hour', now) - interval '1 hour') AS messages,
       w.dead AS "deadAddresses", w.refused AS refusals
     FROM worst w ORDER BY w.dead + w.refused DESC, w.site_id`,
    limit,
  );
}
