import type { Database } from './database.ts';
import { lanesOfSites } from './lanes.ts';

/** The version of the rules in force. */
export async function readRulesVersion(database: Database): Promise<number> {
  const rows = await database.client.$queryRawUnsafe<{ version: number }[]>(
    `SELECT rules_version::float8 AS version FROM instance`,
  );
  return rows[0]?.version ?? 0;
}

/** A site whose rule was decided by older rules, or never. */
export type UndecidedSite = { readonly siteId: number; readonly key: string };

/** Sites whose rule is to be decided anew. */
export async function listUndecidedSites(
  database: Database,
  version: number,
  limit: number,
): Promise<readonly UndecidedSite[]> {
  return await database.client.$queryRawUnsafe<UndecidedSite[]>(
    `SELECT id AS "siteId", key FROM sites WHERE rules_version < $1::float8::bigint ORDER BY rules_version, id LIMIT $2::int`,
    version,
    limit,
  );
}

/** Stores by which rule each site's messages go; answers how many sites go by another one than before. */
export async function saveSiteRules(
  database: Database,
  version: number,
  decided: readonly { readonly siteId: number; readonly rule: string }[],
): Promise<number> {
  const rows = await database.client.$queryRawUnsafe<{ changed: number }[]>(
    `WITH decided AS (
       SELECT s.id, s.lane_rule AS before, d.rule FROM jsonb_to_recordset($1::jsonb) AS d(site_id int, rule text)
       JOIN sites s ON s.id = d.site_id WHERE s.rules_version < $2::float8::bigint ORDER BY s.id FOR UPDATE OF s
     ), saved AS (
       UPDATE sites s SET lane_rule = d.rule, rules_version = $2::float8::bigint FROM decided d WHERE s.id = d.id
       RETURNING d.before <> d.rule AS changed
     ) SELECT (count(*) FILTER (WHERE changed))::int AS changed FROM saved`,
    JSON.stringify(decided.map(({ siteId, rule }) => ({ site_id: siteId, rule }))),
    version,
  );
  return rows[0]?.changed ?? 0;
}

/**
 * Moves waiting messages that stand in a lane of another rule than their site's, at most about `limit`. Walks the pairs
 * of job and site by index, not the messages. Answers how many were moved; 0 when every one stands where it belongs.
 */
export async function moveMisplacedWork(database: Database, laneId: number, limit: number): Promise<number> {
  return await database.client.$transaction(async (tx) => {
    const pairs = await tx.$queryRawUnsafe<{ pool: string; urgency: number; jobNumber: string; siteId: number }[]>(
      LIST_MISPLACED,
      laneId,
      MAX_PAIRS,
    );
    const [first] = pairs;
    if (first === undefined) return 0;
    const lanes = await lanesOfSites(tx, first.pool, [...new Set(pairs.map(({ siteId }) => siteId))]);
    const moves = pairs
      .map(({ urgency, jobNumber, siteId }) => ({
        urgency,
        job_id: jobNumber,
        site_id: siteId,
        lane_id: lanes.get(siteId),
      }))
      .filter(({ lane_id }) => lane_id !== undefined && lane_id !== laneId);
    return await tx.$executeRawUnsafe(MOVE, laneId, JSON.stringify(moves), limit);
  });
}

const MAX_PAIRS = 1000;

const LIST_MISPLACED = `
  WITH RECURSIVE pair AS (
    (SELECT urgency, job_id, site_id FROM work WHERE lane_id = $1::int AND state = 'waiting'
     ORDER BY urgency, job_id, site_id LIMIT 1)
    UNION ALL
    SELECT next.* FROM pair CROSS JOIN LATERAL (
      SELECT w.urgency, w.job_id, w.site_id FROM work w
      WHERE w.lane_id = $1::int AND w.state = 'waiting'
        AND (w.urgency, w.job_id, w.site_id) > (pair.urgency, pair.job_id, pair.site_id)
      ORDER BY w.urgency, w.job_id, w.site_id LIMIT 1
    ) next
  )
  SELECT l.pool, p.urgency::int AS urgency, p.job_id::text AS "jobNumber", p.site_id AS "siteId"
  FROM pair p JOIN lanes l ON l.id = $1::int JOIN sites s ON s.id = p.site_id AND s.lane_rule <> l.rule
  LIMIT $2::int`;

const MOVE = `
  WITH pick AS (
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS p(urgency smallint, job_id bigint, site_id int, lane_id int)
  ), chosen AS (
    SELECT found.message_id, pick.lane_id FROM pick CROSS JOIN LATERAL (
      SELECT w.message_id FROM work w WHERE w.lane_id = $1::int AND w.state = 'waiting' AND w.urgency = pick.urgency
        AND w.job_id = pick.job_id AND w.site_id = pick.site_id
      LIMIT $3::int FOR UPDATE SKIP LOCKED
    ) found LIMIT $3::int
  )
  UPDATE work w SET lane_id = c.lane_id FROM chosen c WHERE w.message_id = c.message_id AND w.state = 'waiting'`;

/**
 * Deletes a lane whose rule is gone once nothing of any state stands in it. `forget` removes its queue before the
 * lane's row goes, so that a crash in between leaves a row to try again by.
 */
export async function deleteGoneLane(
  database: Database,
  laneId: number,
  forget: () => Promise<void>,
): Promise<boolean> {
  return await database.client.$transaction(async (tx) => {
    // Locked first, looked at second: whoever is putting messages into it has committed by then.
    await tx.$queryRawUnsafe(`SELECT id FROM lanes WHERE id = $1::int FOR UPDATE`, laneId);
    const empty = await tx.$queryRawUnsafe<{ id: number }[]>(
      `SELECT l.id FROM lanes l WHERE l.id = $1::int AND NOT EXISTS (SELECT FROM mx_rules r WHERE r.id = l.rule)
         AND NOT EXISTS (SELECT FROM sites s WHERE s.lane_rule = l.rule AND s.rules_version
           < (SELECT rules_version FROM instance))
         AND NOT EXISTS (SELECT FROM work w WHERE w.lane_id = l.id)`,
      laneId,
    );
    if (empty.length === 0) return false;
    await forget();
    await tx.$executeRawUnsafe(`DELETE FROM lanes WHERE id = $1::int`, laneId);
    return true;
  });
}

/** A source that some living worker can bind. */
export type LiveSource = { readonly publicId: number; readonly pools: readonly string[] };

/** Sources of workers that live, as far as anybody knows, and that no operator has paused. */
export async function listLiveSources(database: Database): Promise<readonly LiveSource[]> {
  return await database.client.$queryRawUnsafe<LiveSource[]>(
    `SELECT DISTINCT (e ->> 'publicId')::int AS "publicId", ARRAY(SELECT jsonb_array_elements_text(e -> 'pools')) AS pools
     FROM workers w CROSS JOIN LATERAL jsonb_array_elements(w.sources) e
     WHERE w.stopped_at IS NULL AND w.fenced_at IS NULL AND jsonb_typeof(e -> 'pools') = 'array'
       AND NOT EXISTS (SELECT FROM sources s WHERE s.public_id = (e ->> 'publicId')::int AND s.paused_at IS NOT NULL)`,
  );
}
