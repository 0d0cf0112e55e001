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

/** Scopes that were used within the hour or hold something, by rule and source. Sums: a scope may be one of many MX IPs. */
export async function readScopeTotals(database: Database): Promise<readonly ScopeTotals[]> {
  return await database.client.$queryRawUnsafe<ScopeTotals[]>(
    `SELECT s.rule_id AS "ruleId", s.public_id AS "publicId", sum(s.slots_used)::float8 AS connections,
       sum(limits.connections)::float8 AS "maxConnections", sum(limits.hourly)::float8 AS "messagesPerHour",
       sum(least(mxflow_refilled(s.level, s.outstanding, s.messages_per_hour,
         extract(epoch FROM clock.now - s.refilled_at)::float8), mxflow_burst(limits.hourly)))::float8 AS level,
       sum(s.outstanding)::float8 AS outstanding, sum(mxflow_burst(limits.hourly))::float8 AS burst,
       count(*) FILTER (WHERE limits.suspended_until > clock.now)::int AS suspended
     FROM (SELECT mxflow_now() AS now) clock, scopes s
     CROSS JOIN LATERAL (
       SELECT coalesce(l.max_connections, s.max_connections) AS connections,
         coalesce(l.messages_per_hour, s.messages_per_hour) AS hourly, l.suspended_until
       FROM mxflow_limits_in_force(s.rule_id, s.public_id, s.group_key, mxflow_now()) AS l
     ) AS limits
     WHERE s.slots_used > 0 OR s.outstanding > 0 OR s.refilled_at > clock.now - interval '1 hour'
     GROUP BY s.rule_id, s.public_id`,
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
