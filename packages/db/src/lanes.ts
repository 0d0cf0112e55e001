import type { Database, Statements } from './database.ts';

/** A lane: messages of one pool that go by one MX rule. Its id names its queue. */
export type Lane = { readonly laneId: number; readonly pool: string; readonly rule: string };

/** The lane of a pool and a rule, made when it is met first. */
export async function ensureLane(database: Database, pool: string, rule: string): Promise<number> {
  const rows = await database.client.$queryRawUnsafe<{ id: number }[]>(
    `WITH made AS (
       INSERT INTO lanes (pool, rule) SELECT $1::text, $2::text
       WHERE NOT EXISTS (SELECT FROM lanes WHERE pool = $1::text AND rule = $2::text)
       ON CONFLICT DO NOTHING RETURNING id
     ) SELECT id FROM made UNION ALL SELECT id FROM lanes WHERE pool = $1::text AND rule = $2::text`,
    pool,
    rule,
  );
  // A lane that another process has just made is invisible to this statement and visible to the next one.
  return rows[0]?.id ?? (await ensureLane(database, pool, rule));
}

/** Every lane there is. */
export async function listLanes(database: Database): Promise<readonly Lane[]> {
  return await database.client.$queryRawUnsafe<Lane[]>(`SELECT id AS "laneId", pool, rule FROM lanes ORDER BY id`);
}

/**
 * Takes or keeps the lease on feeding a lane; `false` while another feeder holds it.
 *
 * @param feeder identity of the caller, a UUID.
 */
export async function leaseLane(
  database: Database,
  { laneId, feeder, seconds }: { laneId: number; feeder: string; seconds: number },
): Promise<boolean> {
  const leased = await database.client.$executeRawUnsafe(
    `UPDATE lanes SET feeder = $2::uuid, feeder_until = mxflow_now() + $3 * interval '1 second'
     WHERE id = $1 AND (feeder IS NULL OR feeder = $2::uuid OR feeder_until < mxflow_now())`,
    laneId,
    feeder,
    seconds,
  );
  return leased === 1;
}

/** Gives up every lease of a feeder that stops. */
export async function releaseLanes(database: Database, feeder: string): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE lanes SET feeder = NULL, feeder_until = NULL WHERE feeder = $1::uuid`,
    feeder,
  );
}

/**
 * The lane of each site in a pool, made where there is none. They stay until the transaction ends: nobody deletes a
 * lane meanwhile.
 */
export async function lanesOfSites(
  tx: Statements,
  pool: string,
  siteIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  await tx.$executeRawUnsafe(
    `INSERT INTO lanes (pool, rule) SELECT DISTINCT $1::text, s.lane_rule FROM sites s WHERE s.id = ANY ($2::int[])
       AND NOT EXISTS (SELECT FROM lanes l WHERE l.pool = $1::text AND l.rule = s.lane_rule)
     ORDER BY 2 ON CONFLICT DO NOTHING`,
    pool,
    siteIds,
  );
  const rows = await tx.$queryRawUnsafe<{ siteId: number; laneId: number }[]>(
    `SELECT s.id AS "siteId", l.id AS "laneId" FROM sites s JOIN lanes l ON l.pool = $1::text AND l.rule = s.lane_rule
     WHERE s.id = ANY ($2::int[]) FOR KEY SHARE OF l`,
    pool,
    siteIds,
  );
  return new Map(rows.map(({ siteId, laneId }) => [siteId, laneId]));
}
