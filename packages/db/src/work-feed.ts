import type { MessageId } from '@mxflow/domain';
import type { Database } from './database.ts';

/** A job that has messages waiting for a site, in one lane. */
export type Backlog = {
  readonly urgency: number;
  readonly jobNumber: string;
  readonly siteId: number;
};

/** How much of a backlog to release. */
export type Release = Backlog & { readonly quota: number };

/** A message that was released: what the lane's queue carries. */
export type ReleasedMessage = {
  readonly messageId: MessageId;
  readonly attempt: number;
  readonly jobNumber: string;
  readonly siteId: number;
  readonly domain: string;
  readonly source: number | null;
  readonly urgency: number;
  readonly traceparent: string | null;
};

/**
 * The backlogs of a lane that may be fed now, most urgent first: jobs that run, sites that are not blocked, something
 * due. Jumps from job to job and from site to site by index, so that its cost is that of the pairs, not of the messages.
 *
 * @param afterSite sites with a greater id come into question: the caller's round-robin mark.
 */
export async function listBacklogs(
  database: Database,
  { laneId, afterSite, jobs, sitesPerJob }: { laneId: number; afterSite: number; jobs: number; sitesPerJob: number },
): Promise<readonly Backlog[]> {
  return await database.client.$queryRawUnsafe<Backlog[]>(LIST_BACKLOGS, laneId, afterSite, jobs, sitesPerJob);
}

// The conditions on job and site stand in subqueries, one for each row that the walk by index reaches, so that the
// limits count only what may be fed and the walk ends as soon as they are reached: a join would be free to walk it all.
const LIST_BACKLOGS = `
  WITH RECURSIVE job AS (
    (SELECT urgency, job_id FROM work WHERE lane_id = $1::int AND state = 'waiting' ORDER BY urgency, job_id LIMIT 1)
    UNION ALL
    SELECT next.urgency, next.job_id FROM job CROSS JOIN LATERAL (
      SELECT w.urgency, w.job_id FROM work w
      WHERE w.lane_id = $1::int AND w.state = 'waiting' AND (w.urgency, w.job_id) > (job.urgency, job.job_id)
      ORDER BY w.urgency, w.job_id LIMIT 1
    ) next
  ), open_job AS (
    SELECT urgency, job_id FROM job
    WHERE (SELECT j.state = 'active' AND coalesce(j.not_before, '-infinity') <= (SELECT mxflow_now())
      AND j.valid_until > (SELECT mxflow_now()) FROM jobs j WHERE j.id = job.job_id)
    LIMIT $3::int
  )
  SELECT o.urgency::int AS urgency, o.job_id::text AS "jobNumber", pair.site_id AS "siteId"
  FROM open_job o CROSS JOIN LATERAL (
    WITH RECURSIVE site AS (
      (SELECT w.site_id, w.due_at FROM work w WHERE w.lane_id = $1::int AND w.state = 'waiting'
         AND w.urgency = o.urgency AND w.job_id = o.job_id AND w.site_id > $2::int
       ORDER BY w.site_id, w.due_at LIMIT 1)
      UNION ALL
      SELECT next.site_id, next.due_at FROM site CROSS JOIN LATERAL (
        SELECT w.site_id, w.due_at FROM work w WHERE w.lane_id = $1::int AND w.state = 'waiting'
          AND w.urgency = o.urgency AND w.job_id = o.job_id AND w.site_id > site.site_id
        ORDER BY w.site_id, w.due_at LIMIT 1
      ) next
    )
    SELECT site_id FROM site
    WHERE due_at <= (SELECT mxflow_now())
      AND (SELECT coalesce(s.blocked_until, '-infinity') <= (SELECT mxflow_now()) FROM sites s WHERE s.id = site.site_id)
    LIMIT $4::int
  ) pair
  ORDER BY o.urgency, o.job_id, pair.site_id`;

/** What of a site is released or being sent in a lane: how many messages, and the urgency of the least urgent. */
export type HeldBySite = { readonly messages: number; readonly leastUrgent: number };

/** What is released or being sent in a lane, by site. */
export async function countReleased(database: Database, laneId: number): Promise<ReadonlyMap<number, HeldBySite>> {
  const rows = await database.client.$queryRawUnsafe<(HeldBySite & { siteId: number })[]>(
    `SELECT site_id AS "siteId", count(*)::int AS messages, max(urgency)::int AS "leastUrgent" FROM work WHERE lane_id = $1 AND state <> 'waiting'
     GROUP BY site_id`,
    laneId,
  );
  return new Map(rows.map(({ siteId, ...held }) => [siteId, held]));
}

/**
 * Releases messages that are due, oldest first within each backlog. Committed before anything is published.
 *
 * The chosen ids go through an array: of a join the planner, which cannot know the quotas, expects so many rows that it
 * reads the whole table.
 */
export async function releaseWork(
  database: Database,
  laneId: number,
  releases: readonly Release[],
): Promise<readonly ReleasedMessage[]> {
  return await database.client.$queryRawUnsafe<ReleasedMessage[]>(
    `WITH pick AS (
       SELECT * FROM jsonb_to_recordset($2::jsonb) AS p(urgency smallint, job_id bigint, site_id int, quota int)
     ), chosen AS (
       SELECT due.message_id FROM pick CROSS JOIN LATERAL (
         SELECT w.message_id FROM work w WHERE w.lane_id = $1::int AND w.state = 'waiting' AND w.urgency = pick.urgency
           AND w.job_id = pick.job_id AND w.site_id = pick.site_id AND w.due_at <= (SELECT mxflow_now())
         ORDER BY w.due_at LIMIT pick.quota FOR UPDATE SKIP LOCKED
       ) due
     )
     UPDATE work w SET state = 'queued', released_at = (SELECT mxflow_now()), wait_reason = NULL
     FROM jobs j
     WHERE w.message_id = ANY (ARRAY(SELECT message_id FROM chosen)) AND w.state = 'waiting' AND j.id = w.job_id
     ${RETURN_RELEASED}`,
    laneId,
    JSON.stringify(
      releases.map(({ urgency, jobNumber, siteId, quota }) => ({
        urgency,
        job_id: jobNumber,
        site_id: siteId,
        quota,
      })),
    ),
  );
}

const RETURN_RELEASED = `RETURNING w.message_id::text AS "messageId", w.attempt, w.job_id::text AS "jobNumber",
  w.site_id AS "siteId", split_part(w.address, '@', -1) AS domain, w.source,
  w.urgency::int AS urgency, j.traceparent`;

/**
 * Released messages of a lane that nobody has claimed for so long that their queue copy may be lost. They count as
 * released anew: publishing a copy too many is harmless, since only a claim sends.
 */
export async function releaseAgain(
  database: Database,
  { laneId, afterSeconds, limit }: { laneId: number; afterSeconds: number; limit: number },
): Promise<readonly ReleasedMessage[]> {
  return await database.client.$queryRawUnsafe<ReleasedMessage[]>(
    `WITH stale AS (
       SELECT message_id FROM work WHERE lane_id = $1 AND state = 'queued'
         AND released_at < (SELECT mxflow_now()) - $2 * interval '1 second'
       LIMIT $3 FOR UPDATE SKIP LOCKED
     )
     UPDATE work w SET released_at = (SELECT mxflow_now()) FROM stale, jobs j
     WHERE w.message_id = stale.message_id AND w.state = 'queued' AND j.id = w.job_id
     ${RETURN_RELEASED}`,
    laneId,
    afterSeconds,
    limit,
  );
}

/** Makes released messages that nobody claimed due at once: what a redelivery by the broker calls for. */
export async function requeueUnclaimed(database: Database, messageIds: readonly MessageId[]): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE work SET state = 'waiting', due_at = least(due_at, (SELECT mxflow_now()))
     WHERE message_id = ANY ($1::bigint[]) AND state = 'queued'`,
    messageIds,
  );
}
