import type { MessageId } from '@mxflow/domain';
import type { Database } from './database.ts';
import { countTransitions, LOG_AND_TELL, type Transition } from './work-settle.ts';

/**
 * Ends messages of jobs that were cancelled or whose validity is over, at most `limit` of each kind in one transaction.
 * Messages being sent are left alone: their outcome decides.
 *
 * @returns the transitions; fewer messages than `limit` means that nothing is left for now.
 */
export async function endOverdueWork(database: Database, limit: number): Promise<readonly Transition[]> {
  return await database.client.$transaction(async (tx) => {
    const cancelled = await tx.$queryRawUnsafe<Transition[]>(endStatement('cancelled', `j.state = 'cancelled'`), limit);
    const expired = await tx.$queryRawUnsafe<Transition[]>(
      endStatement('expired', `j.state IN ('active', 'paused') AND j.valid_until <= (SELECT mxflow_now())`),
      limit,
    );
    const transitions = [...cancelled, ...expired];
    await countTransitions(tx, transitions);
    return transitions;
  });
}

function endStatement(status: 'cancelled' | 'expired', which: string): string {
  return `
  WITH ending AS (
    SELECT w.message_id FROM (SELECT id FROM jobs j WHERE j.state <> 'finished' AND j.finished_at IS NULL AND ${which}) j
    CROSS JOIN LATERAL (
      SELECT message_id FROM work WHERE message_id BETWEEN j.id << 27 AND ((j.id + 1) << 27) - 1
        AND state <> 'sending' LIMIT $1 FOR UPDATE SKIP LOCKED
    ) w LIMIT $1
  ), gone AS (
    DELETE FROM work w USING ending e WHERE w.message_id = e.message_id AND w.state <> 'sending' RETURNING w.*
  ), transition AS (
    SELECT message_id, job_id, attempt, '${status}'::message_status AS status, NULL::text AS failure_type,
      CASE WHEN '${status}' = 'expired' THEN coalesce(wait_reason, 'validity ended') END AS failure_reason,
      NULL::text AS failure_detail, NULL::text AS rule,
      NULL::int AS reply_code, NULL::text AS enhanced_status, last_reply AS reply,
      NULL::text AS mx_host, NULL::text AS mx_ip, source, site_id, false AS in_doubt, address,
      CASE WHEN attempt = 1 THEN 'pending' ELSE 'deferred' END AS before
    FROM gone
  )
  ${LOG_AND_TELL}`;
}

/** A claim whose worker is gone: nobody knows how far it came. */
export type OrphanedClaim = {
  readonly messageId: MessageId;
  readonly attempt: number;
  readonly jobNumber: string;
  readonly source: number | null;
};

/** Claims under epochs that are fenced or have stopped: to be recorded as in doubt. */
export async function listOrphanedClaims(database: Database, limit: number): Promise<readonly OrphanedClaim[]> {
  return await database.client.$queryRawUnsafe<OrphanedClaim[]>(
    `SELECT w.message_id::text AS "messageId", w.attempt, w.job_id::text AS "jobNumber", w.source
     FROM work w JOIN workers e ON e.epoch = w.worker
     WHERE w.state = 'sending' AND (e.fenced_at IS NOT NULL OR e.stopped_at IS NOT NULL) LIMIT $1`,
    limit,
  );
}

/** A chunk that nobody has prepared. */
export type UnpreparedChunk = { readonly jobNumber: string; readonly chunk: number };

/** Chunks of accepted jobs whose announcement may be lost; they count as announced now. */
export async function announceChunksAgain(
  database: Database,
  { afterSeconds, limit }: { afterSeconds: number; limit: number },
): Promise<readonly UnpreparedChunk[]> {
  return await database.client.$queryRawUnsafe<UnpreparedChunk[]>(
    `WITH lost AS (
       SELECT c.job_id, c.number FROM job_chunks c JOIN jobs j ON j.id = c.job_id
       WHERE c.prepared_at IS NULL AND j.state IN ('active', 'paused', 'cancelled')
         AND coalesce(c.announced_at, j.accepted_at, j.created_at) < (SELECT mxflow_now()) - $1 * interval '1 second'
       ORDER BY c.job_id, c.number LIMIT $2 FOR UPDATE OF c SKIP LOCKED
     )
     UPDATE job_chunks c SET announced_at = (SELECT mxflow_now()) FROM lost
     WHERE c.job_id = lost.job_id AND c.number = lost.number
     RETURNING c.job_id::text AS "jobNumber", c.number AS chunk`,
    afterSeconds,
    limit,
  );
}

/** Marks jobs finished of which every message has its last status; answers how many. Forgets their duplicate check. */
export async function finishJobs(database: Database): Promise<number> {
  return await database.client.$transaction(async (tx) => {
    const finished = await tx.$queryRawUnsafe<{ id: string }[]>(
      `UPDATE jobs j SET state = CASE WHEN state = 'cancelled' THEN state ELSE 'finished'::job_state END,
         finished_at = (SELECT mxflow_now())
       FROM job_counts c
       WHERE c.job_id = j.id AND j.state IN ('active', 'paused', 'cancelled') AND j.finished_at IS NULL
         AND j.chunks_prepared = j.chunks AND c.pending = 0 AND c.deferred = 0
       RETURNING j.id::text AS id`,
    );
    if (finished.length === 0) return 0;
    await tx.$executeRawUnsafe(
      `DELETE FROM job_addresses WHERE job_id = ANY ($1::bigint[])`,
      finished.map((job) => job.id),
    );
    return finished.length;
  });
}

/** Deletes jobs that were never posted to their end and whose poster has been silent for so long; answers how many. */
export async function deleteAbandonedJobs(database: Database, afterSeconds: number): Promise<number> {
  return await database.client.$executeRawUnsafe(
    `WITH abandoned AS (
       DELETE FROM jobs WHERE state = 'receiving'
         AND coalesce(receiver_until, created_at) < (SELECT mxflow_now()) - $1 * interval '1 second'
       RETURNING content_id
     )
     DELETE FROM contents USING abandoned WHERE contents.id = abandoned.content_id
       AND NOT EXISTS (SELECT FROM jobs j WHERE j.content_id = contents.id AND j.state <> 'receiving')`,
    afterSeconds,
  );
}

/** Makes sure that the log has a partition for this month and the next. */
export async function ensureLogPartitions(database: Database): Promise<void> {
  const months = await database.client.$queryRawUnsafe<{ name: string; from: string; to: string }[]>(
    `SELECT 'delivery_log_' || to_char(m, 'YYYY_MM') AS name, to_char(m, 'YYYY-MM-DD') AS from,
       to_char(m + interval '1 month', 'YYYY-MM-DD') AS to
     FROM generate_series(date_trunc('month', mxflow_now() AT TIME ZONE 'UTC'),
       date_trunc('month', mxflow_now() AT TIME ZONE 'UTC') + interval '1 month', interval '1 month') m`,
  );
  for (const { name, from, to } of months) {
    await database.client.$executeRawUnsafe(
      `CREATE TABLE IF NOT EXISTS ${name} PARTITION OF delivery_log
       FOR VALUES FROM ('${from} 00:00:00+00') TO ('${to} 00:00:00+00')`,
    );
  }
}
