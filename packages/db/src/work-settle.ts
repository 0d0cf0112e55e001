import type { Statements } from './database.ts';

/** What a row of `work` became: the status it leaves, the one it takes, how many did so, and how many of them in doubt. */
export type Transition = {
  readonly jobNumber: string;
  readonly before: 'pending' | 'deferred' | 'sent';
  readonly status: string;
  readonly messages: number;
  readonly inDoubt: number;
};

/**
 * Middle of every statement that ends or defers messages. The first part has named, as the table expression `transition`,
 * the rows that it really changed; this part appends them to the delivery log and writes what webhooks are to tell.
 *
 * @param event the webhook event of a transition `t`, in SQL.
 * @param logged which transitions are logged, in SQL.
 */
export function logAndTell(event = `'message.' || t.status`, logged = 'true'): string {
  return `
  , logged AS (
    INSERT INTO delivery_log (message_id, job_id, attempt, status, failure_type, failure_reason, failure_detail, rule,
      reply_code, enhanced_status, reply, mx_host, mx_ip, source, site_id, in_doubt, address, logged_at)
    SELECT message_id, job_id, attempt, status, failure_type, failure_reason, failure_detail, rule, reply_code,
      enhanced_status, reply, mx_host, mx_ip, source, site_id, in_doubt, address, (SELECT mxflow_now())
    FROM transition t WHERE ${logged} ORDER BY message_id
  )
  , told AS (
    INSERT INTO webhook_outbox (endpoint_id, message_id, event, body)
    SELECT e.id, t.message_id, ${event}, jsonb_build_object(
      'event', ${event},
      'job', j.public_id,
      'message', j.public_id || '-' || (t.message_id & 134217727),
      'address', t.address,
      'attempt', t.attempt,
      'type', t.failure_type,
      'reason', t.failure_reason,
      'replyCode', t.reply_code,
      'enhancedStatus', t.enhanced_status,
      'reply', t.reply,
      'tracking', j.settings -> 'tracking',
      'at', to_char((SELECT mxflow_now()) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    FROM transition t
    JOIN jobs j ON j.id = t.job_id
    JOIN webhook_endpoints e ON e.tenant_id = j.tenant_id AND e.disabled_at IS NULL
      AND ${event} = ANY (e.events)
    ORDER BY t.message_id
  )`;
}

/** The {@link Transition}s of `transition`. */
const TRANSITIONS = `
  SELECT job_id::text AS "jobNumber", before, status::text AS status, count(*)::int AS messages,
    (count(*) FILTER (WHERE in_doubt))::int AS "inDoubt"
  FROM transition GROUP BY 1, 2, 3`;

/** Second half of the statements that return nothing but their {@link Transition}s. */
export const LOG_AND_TELL = logAndTell() + TRANSITIONS;

/** Moves each job's counters by the transitions that were really made. To be called in their transaction, last. */
export async function countTransitions(tx: Statements, transitions: readonly Transition[]): Promise<void> {
  if (transitions.length === 0) return;
  // Rows are locked in order first: two batches that touch the same jobs must not wait for each other.
  await tx.$executeRawUnsafe(
    `WITH change AS (
       SELECT job_id, before, status, messages, in_doubt FROM jsonb_to_recordset($1::jsonb)
         AS c(job_id bigint, before text, status text, messages int, in_doubt int)
     ), sums AS (
       SELECT job_id, status_name,
         sum(delta) AS delta
       FROM (
         SELECT job_id, before AS status_name, -messages AS delta FROM change
         UNION ALL SELECT job_id, status, messages FROM change
         UNION ALL SELECT job_id, 'in_doubt', in_doubt FROM change
       ) moves GROUP BY job_id, status_name
     ), locked AS (
       SELECT job_id FROM job_counts WHERE job_id IN (SELECT job_id FROM change) ORDER BY job_id FOR UPDATE
     ), by_job AS (
       SELECT s.job_id,
         coalesce(sum(delta) FILTER (WHERE status_name = 'pending'), 0) AS pending,
         coalesce(sum(delta) FILTER (WHERE status_name = 'sent'), 0) AS sent,
         coalesce(sum(delta) FILTER (WHERE status_name = 'deferred'), 0) AS deferred,
         coalesce(sum(delta) FILTER (WHERE status_name = 'failed'), 0) AS failed,
         coalesce(sum(delta) FILTER (WHERE status_name = 'ignored'), 0) AS ignored,
         coalesce(sum(delta) FILTER (WHERE status_name = 'expired'), 0) AS expired,
         coalesce(sum(delta) FILTER (WHERE status_name = 'cancelled'), 0) AS cancelled,
         coalesce(sum(delta) FILTER (WHERE status_name = 'in_doubt'), 0) AS in_doubt
       FROM sums s JOIN locked USING (job_id) GROUP BY s.job_id
     )
     UPDATE job_counts c SET pending = c.pending + b.pending, sent = c.sent + b.sent,
       deferred = c.deferred + b.deferred, failed = c.failed + b.failed, ignored = c.ignored + b.ignored,
       expired = c.expired + b.expired, cancelled = c.cancelled + b.cancelled, in_doubt = c.in_doubt + b.in_doubt
     FROM by_job b WHERE c.job_id = b.job_id`,
    JSON.stringify(
      transitions.map((transition) => ({
        job_id: transition.jobNumber,
        before: transition.before,
        status: transition.status,
        messages: transition.messages,
        in_doubt: transition.inDoubt,
      })),
    ),
  );
}
