import type { Database } from './database.ts';

/** All scopes of one MX rule and one source together. */
export type ScopeTotals = {
  readonly ruleId: string;
  readonly publicId: number;
  readonly connections: number;
  readonly maxConnections: number;
  readonly messagesPerHour: number;
  /** Tokens that may be drawn at once now. */
  readonly level: number;
  /** Tokens drawn whose message has no reply yet. */
  readonly outstanding: number;
  readonly burst: number;
  /** Scopes that feedback suspends now. */
  readonly suspended: number;
};

/**
 * Scopes that were used within the hour or hold something, by rule and source. Sums: a scope may be one of many MX IPs.
 * Limits are worked out once for a rule and source, and again only for scopes under a hold: there may be thousands.
 */
export async function readScopeTotals(database: Database): Promise<readonly ScopeTotals[]> {
  return await database.client.$queryRawUnsafe<ScopeTotals[]>(
    `WITH clock AS MATERIALIZED (SELECT mxflow_now() AS now), used AS MATERIALIZED (
       SELECT s.* FROM scopes s, clock
       WHERE s.slots_used > 0 OR s.outstanding > 0 OR s.refilled_at > clock.now - interval '1 hour'
     ), without_hold AS MATERIALIZED (
       SELECT pair.rule_id, pair.public_id, l.max_connections, l.messages_per_hour
       FROM (SELECT DISTINCT rule_id, public_id FROM used) pair, clock,
         mxflow_limits_in_force(pair.rule_id, pair.public_id, '', clock.now) AS l
     ), with_hold AS MATERIALIZED (
       SELECT u.key, l.max_connections, l.messages_per_hour, l.suspended_until
       FROM used u JOIN holds h ON h.group_key = u.group_key AND h.public_id = u.public_id, clock,
         mxflow_limits_in_force(u.rule_id, h.public_id, h.group_key, clock.now) AS l
     ), limited AS (
       SELECT u.*, w.suspended_until > clock.now AS suspended,
         coalesce(w.max_connections, o.max_connections, u.max_connections) AS connections,
         coalesce(w.messages_per_hour, o.messages_per_hour, u.messages_per_hour) AS hourly,
         extract(epoch FROM clock.now - u.refilled_at)::float8 AS age
       FROM used u CROSS JOIN clock JOIN without_hold o USING (rule_id, public_id) LEFT JOIN with_hold w USING (key)
     )
     SELECT rule_id AS "ruleId", public_id AS "publicId", sum(slots_used)::float8 AS connections,
       sum(connections)::float8 AS "maxConnections", sum(hourly)::float8 AS "messagesPerHour",
       sum(least(mxflow_refilled(level, outstanding, messages_per_hour, age), mxflow_burst(hourly)))::float8 AS level,
       sum(outstanding)::float8 AS outstanding, sum(mxflow_burst(hourly))::float8 AS burst,
       count(*) FILTER (WHERE suspended)::int AS suspended
     FROM limited GROUP BY rule_id, public_id`,
  );
}

/**
 * Forgets what nothing counts on any more: scopes that nobody holds anything of and that were idle long enough to be full
 * again, paths that no change of the rules could pass on, and back-offs long over.
 */
export async function forgetIdleScopes(database: Database): Promise<void> {
  await database.client.$executeRawUnsafe(
    `DELETE FROM scopes WHERE key IN (
       SELECT key FROM scopes s WHERE slots_used = 0 AND outstanding = 0
         AND refilled_at < mxflow_now() - interval '2 hours'
         AND NOT EXISTS (SELECT FROM grants g WHERE g.scope_key = s.key)
       ORDER BY key COLLATE "C" FOR UPDATE SKIP LOCKED)`,
  );
  await database.client.$executeRawUnsafe(`DELETE FROM paths WHERE used_at < mxflow_now() - interval '2 hours'`);
  await database.client.$executeRawUnsafe(
    `DELETE FROM path_back_off WHERE blocked_until < mxflow_now() - interval '1 day'`,
  );
}

export type FleetTotals = {
  readonly workersAlive: number;
  /** Messages of unfinished jobs whose outcome is not final. */
  readonly messagesUnfinished: number;
  readonly pathsResting: number;
  readonly rulesVersion: number;
};

export async function readFleetTotals(database: Database): Promise<FleetTotals> {
  const [row] = await database.client.$queryRawUnsafe<FleetTotals[]>(
    `SELECT (SELECT count(*) FROM workers WHERE stopped_at IS NULL AND fenced_at IS NULL)::int AS "workersAlive",
       (SELECT coalesce(sum(c.pending + c.deferred), 0) FROM jobs j JOIN job_counts c ON c.job_id = j.id
         WHERE j.state <> 'finished')::float8 AS "messagesUnfinished",
       (SELECT count(*) FROM path_back_off WHERE blocked_until > mxflow_now())::int AS "pathsResting",
       (SELECT rules_version FROM instance)::float8 AS "rulesVersion"`,
  );
  if (row === undefined) throw new Error('the totals of the fleet were not answered');
  return row;
}
