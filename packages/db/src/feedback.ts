import type { FeedbackRule } from '@mxflow/domain';
import type { Database, Reads } from './database.ts';
import { storable } from './unstorable.ts';

export type StoredFeedbackRule = FeedbackRule & {
  readonly origin: 'bundled' | 'pulled' | 'local';
  readonly enabled: boolean;
  /** Replies that it has matched so far: a rule that never hits is a rule to look at. */
  readonly hits: number;
  readonly lastHitAt: Date | null;
};

type Row = Omit<StoredFeedbackRule, 'action'> & {
  action: FeedbackRule['action']['kind'];
  cap: number;
  seconds: number;
};

/** The feedback rules in their order. */
export async function listFeedbackRules(database: Reads): Promise<readonly StoredFeedbackRule[]> {
  const rows = await database.client.$queryRawUnsafe<Row[]>(
    `SELECT id, mask, pattern, threshold_per_hour AS "thresholdPerHour", action, cap, seconds,
       step_seconds AS "stepSeconds", matches, passes, origin, enabled, hits::float8 AS hits, last_hit_at AS "lastHitAt"
     FROM feedback_rules ORDER BY position, id`,
  );
  return rows.map(({ action, cap, seconds, ...rule }) => ({
    ...rule,
    action: action === 'suspend' ? { kind: action, seconds } : { kind: action, cap, seconds },
  }));
}

/** A reply that a feedback rule matched. */
export type FeedbackHit = {
  readonly groupKey: string;
  readonly publicId: number;
  readonly feedbackRuleId: string;
  readonly reply: string;
};

/** A hold that feedback has just imposed or prolonged. */
export type ImposedHold = {
  readonly groupKey: string;
  readonly publicId: number;
  readonly reason: string;
  readonly lastReply: string;
  readonly suspendedUntil: Date | null;
  readonly cappedUntil: Date;
};

/**
 * Counts replies by the minute, over all workers, and imposes a hold where a rule's threshold within the hour is met.
 * What was counted has then had its effect: the next hold needs as many again. A hold only ever tightens one in force.
 */
export async function noteFeedback(database: Database, hits: readonly FeedbackHit[]): Promise<readonly ImposedHold[]> {
  if (hits.length === 0) return [];
  const rows = JSON.stringify(summarise(hits));
  return await database.client.$transaction(async (tx) => {
    await tx.$executeRawUnsafe(COUNT, rows);
    return await tx.$queryRawUnsafe<ImposedHold[]>(IMPOSE, rows);
  });
}

const HIT = `SELECT * FROM jsonb_to_recordset($1::jsonb)
  AS h(group_key text, public_id int, rule_id text, hits int, reply text)`;

// Rows of hits are locked in their order, then those of rules: two batches wait for each other, never in a circle.
const COUNT = `
  WITH hit AS (${HIT}), counted AS (
    INSERT INTO feedback_hits AS f (group_key, public_id, rule_id, minute, hits)
    SELECT group_key, public_id, rule_id, date_trunc('minute', (SELECT mxflow_now())), hits FROM hit
    ORDER BY group_key, public_id, rule_id
    ON CONFLICT (group_key, public_id, rule_id, minute) DO UPDATE SET hits = f.hits + excluded.hits
    RETURNING 1
  ), rule AS (
    SELECT r.id, sum(h.hits) AS hits FROM feedback_rules r JOIN hit h ON h.rule_id = r.id
    WHERE (SELECT count(*) FROM counted) > 0 GROUP BY r.id ORDER BY r.id
  )
  UPDATE feedback_rules r SET hits = r.hits + rule.hits, last_hit_at = (SELECT mxflow_now())
  FROM rule WHERE r.id = rule.id`;

const IMPOSE = `
  WITH hit AS (${HIT}), due AS (
    SELECT h.group_key, h.public_id, h.reply, r.* FROM hit h JOIN feedback_rules r ON r.id = h.rule_id AND r.enabled
    WHERE (SELECT sum(f.hits) FROM feedback_hits f WHERE f.group_key = h.group_key AND f.public_id = h.public_id
      AND f.rule_id = h.rule_id AND f.minute > (SELECT mxflow_now()) - interval '1 hour') >= r.threshold_per_hour
  ), spent AS (
    DELETE FROM feedback_hits f USING due d
    WHERE f.group_key = d.group_key AND f.public_id = d.public_id AND f.rule_id = d.id
  ), clock AS (SELECT mxflow_now() AS now), wanted AS (
    SELECT group_key, public_id,
      max(now + seconds * interval '1 second') FILTER (WHERE action = 'suspend') AS suspended_until,
      min(CASE action WHEN 'suspend' THEN 1 WHEN 'connections' THEN cap END) AS connections_cap,
      min(cap) FILTER (WHERE action = 'rate') AS rate_cap,
      max(now + seconds * interval '1 second') AS capped_until,
      max(step_seconds) AS step_seconds, string_agg(id, ', ' ORDER BY id) AS reason, max(reply) AS reply, now
    FROM due CROSS JOIN clock GROUP BY group_key, public_id, now ORDER BY group_key, public_id
  )
  INSERT INTO holds AS h (group_key, public_id, suspended_until, connections_cap, rate_cap_per_hour, capped_until,
    step_seconds, reason, last_reply, since)
  SELECT group_key, public_id, suspended_until, connections_cap, rate_cap, capped_until, step_seconds, reason, reply,
    now FROM wanted
  ON CONFLICT (group_key, public_id) DO UPDATE SET
    suspended_until = greatest(h.suspended_until, excluded.suspended_until),
    connections_cap = CASE WHEN h.capped_until + 8 * h.step_seconds * interval '1 second' < excluded.since
      THEN excluded.connections_cap ELSE least(h.connections_cap, excluded.connections_cap) END,
    rate_cap_per_hour = CASE WHEN h.capped_until + 8 * h.step_seconds * interval '1 second' < excluded.since
      THEN excluded.rate_cap_per_hour ELSE least(h.rate_cap_per_hour, excluded.rate_cap_per_hour) END,
    capped_until = greatest(h.capped_until, excluded.capped_until),
    step_seconds = excluded.step_seconds, reason = excluded.reason, last_reply = excluded.last_reply,
    since = excluded.since
  RETURNING h.group_key AS "groupKey", h.public_id AS "publicId", h.reason, h.last_reply AS "lastReply",
    h.suspended_until AS "suspendedUntil", h.capped_until AS "cappedUntil"`;

function summarise(hits: readonly FeedbackHit[]): readonly object[] {
  const groups = Map.groupBy(hits, (hit) => `${hit.groupKey} ${hit.publicId} ${hit.feedbackRuleId}`);
  return [...groups.values()].flatMap((group) => {
    const last = group.at(-1);
    if (last === undefined) return [];
    const { groupKey, publicId, feedbackRuleId, reply } = last;
    const text = storable(reply.slice(0, MAX_REPLY));
    return [{ group_key: groupKey, public_id: publicId, rule_id: feedbackRuleId, hits: group.length, reply: text }];
  });
}

/** Characters of a reply that are kept for operators. */
const MAX_REPLY = 1000;

/** What feedback imposes on a source somewhere, as it stands now. */
export type Hold = {
  readonly groupKey: string;
  readonly publicId: number;
  readonly suspendedUntil: Date | null;
  readonly connectionsCap: number | null;
  readonly rateCapPerHour: number | null;
  readonly cappedUntil: Date | null;
  readonly stepSeconds: number;
  readonly reason: string;
  readonly lastReply: string | null;
  readonly since: Date;
};

/** Holds, the newest first. */
export async function listHolds(database: Database): Promise<readonly Hold[]> {
  return await database.client.$queryRawUnsafe<Hold[]>(
    `SELECT group_key AS "groupKey", public_id AS "publicId", suspended_until AS "suspendedUntil",
       connections_cap AS "connectionsCap", rate_cap_per_hour AS "rateCapPerHour", capped_until AS "cappedUntil",
       step_seconds AS "stepSeconds", reason, last_reply AS "lastReply", since
     FROM holds ORDER BY since DESC LIMIT 1000`,
  );
}

/**
 * Lifts holds of a group, of one source or of all. What was put off for them is due at once, and workers that wait hear
 * of it. Answers how many were lifted.
 */
export async function liftHolds(
  database: Database,
  { groupKey, publicId }: { groupKey: string; publicId?: number },
): Promise<number> {
  const rows = await database.client.$queryRawUnsafe<{ lifted: number }[]>(
    `WITH lifted AS (
       DELETE FROM holds WHERE group_key = $1 AND ($2::int IS NULL OR public_id = $2::int) RETURNING public_id
     ), told AS (
       SELECT pg_notify('mxflow_scopes', s.key) FROM scopes s JOIN lifted l ON l.public_id = s.public_id
       WHERE s.group_key = $1
     ), forgotten AS (
       DELETE FROM feedback_hits f USING lifted l WHERE f.group_key = $1 AND f.public_id = l.public_id
     ), due AS (
       UPDATE work w SET due_at = mxflow_now()
       WHERE w.state = 'waiting' AND w.wait_reason = 'suspended' AND w.due_at > mxflow_now() AND EXISTS (SELECT FROM lifted)
         AND ('site:' || w.site_id = $1 OR w.lane_id IN (SELECT id FROM lanes WHERE 'rule:' || rule = $1))
     )
     SELECT (SELECT count(*) FROM lifted)::int + 0 * (SELECT count(*) FROM told)::int AS lifted`,
    groupKey,
    publicId ?? null,
  );
  return rows[0]?.lifted ?? 0;
}

/** Forgets what can have no effect any more: counts older than an hour, holds whose caps have long grown past any limit. */
export async function forgetOldFeedback(database: Database): Promise<void> {
  await database.client.$executeRawUnsafe(
    `WITH clock AS (SELECT mxflow_now() AS now), hits AS (
       DELETE FROM feedback_hits USING clock WHERE minute < now - interval '1 hour'
     ), minutes AS (
       DELETE FROM site_minutes USING clock WHERE minute < now - interval '1 hour'
     )
     DELETE FROM holds USING clock WHERE coalesce(suspended_until, '-infinity') < now
       AND capped_until + 27 * step_seconds * interval '1 second' < now`,
  );
}

/** Attempts that are under way, with the site of each: repeats and late ones are absent. */
export async function sitesOfAttempts(
  database: Database,
  attempts: readonly { readonly messageId: string; readonly attempt: number }[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await database.client.$queryRawUnsafe<{ messageId: string; siteId: number }[]>(
    `SELECT w.message_id::text AS "messageId", w.site_id AS "siteId"
     FROM unnest($1::bigint[], $2::int[]) AS k(message_id, attempt)
     JOIN work w ON w.message_id = k.message_id AND w.attempt = k.attempt AND w.state = 'sending'`,
    attempts.map(({ messageId }) => messageId),
    attempts.map(({ attempt }) => attempt),
  );
  return new Map(rows.map(({ messageId, siteId }) => [messageId, siteId]));
}

/** How many sources and sites are held back now, by how. */
export async function countHeldBack(database: Database): Promise<{
  readonly suspended: number;
  readonly capped: number;
  readonly blocked: number;
  readonly backOff: number;
}> {
  const rows = await database.client.$queryRawUnsafe<
    { suspended: number; capped: number; blocked: number; backOff: number }[]
  >(
    `SELECT (SELECT count(*) FROM holds WHERE suspended_until > c.now)::int AS suspended,
       (SELECT count(*) FROM holds WHERE coalesce(suspended_until, '-infinity') <= c.now)::int AS capped,
       (SELECT count(*) FROM sites WHERE blocked_until > c.now AND block_kind = 'block')::int AS blocked,
       (SELECT count(*) FROM sites WHERE blocked_until > c.now AND block_kind IS DISTINCT FROM 'block')::int AS "backOff"
     FROM (SELECT mxflow_now() AS now) c`,
  );
  return rows[0] ?? { suspended: 0, capped: 0, blocked: 0, backOff: 0 };
}
