import type { FailureReason, FailureType, MessageId, SiteVerdict } from '@mxflow/domain';
import type { Database } from './database.ts';
import { countTransitions, LOG_AND_TELL, type Transition } from './work-settle.ts';

/** What one attempt came to, as it is recorded. */
export type RecordedOutcome = {
  readonly messageId: MessageId;
  readonly attempt: number;
  readonly status: 'sent' | 'deferred' | 'failed' | 'expired';
  /** Milliseconds since the epoch of the next attempt: given exactly where `status` is `deferred`. */
  readonly dueAt?: number;
  readonly waitReason?: string;
  readonly failureType?: FailureType;
  readonly failureReason?: FailureReason;
  readonly replyCode?: number;
  readonly enhancedStatus?: string;
  readonly reply?: string;
  readonly mxHost?: string;
  readonly mxIp?: string;
  readonly source?: number;
  /** Nobody knows whether the next hop took it (RFC 1047). */
  readonly inDoubt: boolean;
  /** What it says about the site: counted by the minute, over all workers. */
  readonly siteVerdict?: SiteVerdict;
};

/**
 * Records a batch in one transaction: work rows deferred or deleted, the log appended, webhooks queued, counters moved.
 *
 * Compare-and-set by message and attempt: an outcome that is late or comes twice changes nothing. One exception: a
 * final outcome of an attempt that a sweep has called in doubt still ends the message while nobody sends it again.
 *
 * @returns the transitions really made.
 */
export async function recordOutcomes(
  database: Database,
  outcomes: readonly RecordedOutcome[],
): Promise<readonly Transition[]> {
  const rows = JSON.stringify(firstOfEach(outcomes).map(toRow));
  return await database.client.$transaction(async (tx) => {
    const transitions = await tx.$queryRawUnsafe<Transition[]>(RECORD, rows);
    await countTransitions(tx, transitions);
    return transitions;
  });
}

const RECORD = `
  WITH outcome AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS o(message_id bigint, attempt int, status message_status,
      due_at double precision, wait_reason text, failure_type text, failure_reason text, reply_code int,
      enhanced_status text, reply text, mx_host text, mx_ip text, source int, in_doubt boolean, site_verdict text)
  ), finished AS (
    DELETE FROM work w USING outcome o
    WHERE w.message_id = o.message_id AND o.status <> 'deferred'
      AND ((w.attempt = o.attempt AND w.state = 'sending') OR (w.in_doubt_attempt = o.attempt AND w.state <> 'sending'))
    RETURNING w.job_id, w.site_id, w.address,
      CASE WHEN w.attempt = 1 THEN 'pending' ELSE 'deferred' END AS before, o.*
  ), deferred AS (
    UPDATE work w SET state = 'waiting', attempt = w.attempt + 1, due_at = to_timestamp(o.due_at / 1000.0),
      wait_reason = o.wait_reason, last_reply = o.reply, source = coalesce(o.source, w.source), worker = NULL,
      claimed_at = NULL, in_doubt_attempt = CASE WHEN o.in_doubt THEN o.attempt END
    FROM outcome o
    WHERE w.message_id = o.message_id AND o.status = 'deferred' AND w.attempt = o.attempt AND w.state = 'sending'
    RETURNING w.job_id, w.site_id, w.address,
      CASE WHEN o.attempt = 1 THEN 'pending' ELSE 'deferred' END AS before, o.*
  ), transition AS (
    SELECT * FROM finished UNION ALL SELECT * FROM deferred
  ), counted AS (
    INSERT INTO site_minutes AS m (site_id, minute, messages, failures)
    SELECT site_id, date_trunc('minute', (SELECT mxflow_now())), count(*),
      count(*) FILTER (WHERE site_verdict = 'failed')
    FROM transition WHERE site_verdict IS NOT NULL GROUP BY site_id ORDER BY site_id
    ON CONFLICT (site_id, minute) DO UPDATE SET messages = m.messages + excluded.messages,
      failures = m.failures + excluded.failures
  )
  ${LOG_AND_TELL}`;

/**
 * One outcome an attempt: the others say the same, or came too late. Attempts of one message stay apart, since a repeat
 * of an earlier one may lie beside the outcome of the next; at most one of them finds its row.
 */
function firstOfEach(outcomes: readonly RecordedOutcome[]): readonly RecordedOutcome[] {
  const byAttempt = new Map<string, RecordedOutcome>();
  for (const outcome of outcomes) {
    const key = `${outcome.messageId} ${outcome.attempt}`;
    if (!byAttempt.has(key)) byAttempt.set(key, outcome);
  }
  return [...byAttempt.values()];
}

function toRow(outcome: RecordedOutcome): object {
  return {
    message_id: outcome.messageId,
    attempt: outcome.attempt,
    status: outcome.status,
    due_at: outcome.dueAt,
    wait_reason: outcome.waitReason,
    failure_type: outcome.failureType,
    failure_reason: outcome.failureReason,
    reply_code: outcome.replyCode,
    enhanced_status: outcome.enhancedStatus,
    reply: storable(outcome.reply),
    mx_host: storable(outcome.mxHost),
    mx_ip: outcome.mxIp,
    source: outcome.source,
    in_doubt: outcome.inDoubt,
    site_verdict: outcome.siteVerdict,
  };
}

/** Postgres keeps neither NUL nor half of a surrogate pair, and a text cut at some length may end in one. */
function storable(text: string | undefined): string | undefined {
  return text?.replaceAll('\u0000', '').toWellFormed();
}
