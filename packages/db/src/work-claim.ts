import type { MessageId } from '@mxflow/domain';
import type { Database } from './database.ts';
import { BARRED } from './quarantine-entries.ts';
import { hasLeftList } from './unsubscribes.ts';
import { countTransitions, LOG_AND_TELL, type Transition } from './work-settle.ts';

/** Names one attempt of one message. */
export type AttemptKey = { readonly messageId: MessageId; readonly attempt: number };

/** Names one claim of one attempt: what was given back may be claimed again, at another instant. */
export type ClaimKey = AttemptKey & {
  /** As Postgres writes it. */
  readonly claimedAt: string;
};

/** What a claim hands over: everything about the message that its job does not say. */
export type ClaimedMessage = ClaimKey & {
  readonly jobNumber: string;
  readonly address: string;
  readonly variables: Readonly<Record<string, unknown>> | null;
};

/** True in SQL where the address of a message `w` is quarantined, and where it has left the list of the message's job `j`. */
const IS_QUARANTINED = `EXISTS (SELECT FROM quarantine q WHERE q.address = lower(w.address) AND ${BARRED})`;
const HAS_LEFT = hasLeftList('lower(w.address)');

/** True in SQL where a message `w` of a job `j` may be sent: the job runs, the address is neither barred nor off the list. */
const MAY_BE_SENT = `j.id = w.job_id AND j.state = 'active' AND j.valid_until > (SELECT mxflow_now())
  AND NOT ${IS_QUARANTINED} AND NOT ${HAS_LEFT}`;

/**
 * Claims attempts for a worker: only claimed messages are sent, and only one claim of an attempt can succeed.
 * Refused, so absent from the answer, are attempts that are no longer queued, whose job does not run or has ended,
 * whose address is quarantined or has left the list, and everything asked for under a fenced epoch.
 */
export async function claimWork(
  database: Database,
  epoch: number,
  keys: readonly AttemptKey[],
): Promise<readonly ClaimedMessage[]> {
  return await database.client.$queryRawUnsafe<ClaimedMessage[]>(
    `UPDATE work w SET state = 'sending', worker = $1, claimed_at = (SELECT mxflow_now())
     FROM unnest($2::bigint[], $3::int[]) AS k(message_id, attempt), jobs j
     WHERE w.message_id = k.message_id AND w.attempt = k.attempt AND w.state = 'queued'
       AND ${MAY_BE_SENT}
       AND EXISTS (SELECT FROM workers WHERE epoch = $1 AND fenced_at IS NULL)
     RETURNING w.message_id::text AS "messageId", w.attempt, w.claimed_at::text AS "claimedAt",
       w.job_id::text AS "jobNumber", w.address, w.variables`,
    epoch,
    keys.map((key) => key.messageId),
    keys.map((key) => key.attempt),
  );
}

/** Those of these claims that would be granted still: what a claim that has waited for its turn is asked. */
export async function confirmClaims(database: Database, claims: readonly ClaimKey[]): Promise<readonly ClaimKey[]> {
  return await database.client.$queryRawUnsafe<ClaimKey[]>(
    `SELECT w.message_id::text AS "messageId", w.attempt, w.claimed_at::text AS "claimedAt"
     FROM unnest($1::bigint[], $2::timestamptz[]) AS k(message_id, claimed_at), work w, jobs j
     WHERE w.message_id = k.message_id AND w.claimed_at = k.claimed_at AND w.state = 'sending' AND ${MAY_BE_SENT}`,
    claims.map((claim) => claim.messageId),
    claims.map((claim) => claim.claimedAt),
  );
}

/** A message that is put back: until when, and what `why` and the log are to say. */
export type ParkedMessage = AttemptKey & {
  /** Milliseconds from now. */
  readonly delayMs: number;
  readonly reason: string;
  readonly lastReply?: string;
};

/** Puts released messages that nobody claimed back to wait; the attempt is not used up. */
export async function parkWork(database: Database, parked: readonly ParkedMessage[]): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE work w SET state = 'waiting', due_at = mxflow_now() + p.delay_ms * interval '1 millisecond',
       wait_reason = p.reason, last_reply = coalesce(p.last_reply, w.last_reply)
     FROM jsonb_to_recordset($1::jsonb) AS p(message_id bigint, attempt int, delay_ms double precision, reason text,
       last_reply text)
     WHERE w.message_id = p.message_id AND w.attempt = p.attempt AND w.state = 'queued'`,
    JSON.stringify(
      parked.map((message) => ({
        message_id: message.messageId,
        attempt: message.attempt,
        delay_ms: message.delayMs,
        reason: message.reason,
        last_reply: message.lastReply?.replaceAll('\u0000', ''),
      })),
    ),
  );
}

/**
 * Gives claimed messages back of which not one octet was sent: the attempt is not used up.
 * For a worker that stops, or whose connection broke before MAIL. Saying it again changes nothing, not even where the
 * same worker has claimed the same attempt again since.
 */
export async function returnClaims(
  database: Database,
  epoch: number,
  returned: readonly (ParkedMessage & ClaimKey)[],
): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE work w SET state = 'waiting', due_at = mxflow_now() + p.delay_ms * interval '1 millisecond',
       wait_reason = p.reason, worker = NULL, claimed_at = NULL
     FROM jsonb_to_recordset($2::jsonb) AS p(message_id bigint, attempt int, claimed_at timestamptz,
       delay_ms double precision, reason text)
     WHERE w.message_id = p.message_id AND w.attempt = p.attempt AND w.state = 'sending' AND w.worker = $1
       AND w.claimed_at = p.claimed_at`,
    epoch,
    JSON.stringify(
      returned.map(({ messageId, attempt, claimedAt, delayMs, reason }) => ({
        message_id: messageId,
        attempt,
        claimed_at: claimedAt,
        delay_ms: delayMs,
        reason,
      })),
    ),
  );
}

/**
 * What becomes of attempts whose claim was refused though they are still queued: quarantined addresses, and those that
 * have left the list, are ignored for good; the rest (job paused, cancelled or past its validity) goes back to wait, where feeder and sweeps see its job.
 */
export async function settleRefusedClaims(
  database: Database,
  keys: readonly AttemptKey[],
): Promise<readonly Transition[]> {
  const rows = JSON.stringify(keys.map((key) => ({ message_id: key.messageId, attempt: key.attempt })));
  return await database.client.$transaction(async (tx) => {
    const transitions = await tx.$queryRawUnsafe<Transition[]>(IGNORE_QUARANTINED, rows);
    await countTransitions(tx, transitions);
    await tx.$executeRawUnsafe(
      `UPDATE work w SET state = 'waiting', wait_reason = 'job'
       FROM jsonb_to_recordset($1::jsonb) AS k(message_id bigint, attempt int), jobs j
       WHERE w.message_id = k.message_id AND w.attempt = k.attempt AND w.state = 'queued' AND j.id = w.job_id
         AND (j.state <> 'active' OR j.valid_until <= (SELECT mxflow_now()))`,
      rows,
    );
    return transitions;
  });
}

const IGNORE_QUARANTINED = `
  WITH barred AS (
    SELECT w.message_id, w.attempt,
      CASE WHEN ${IS_QUARANTINED} THEN 'quarantined'
        WHEN ${HAS_LEFT} THEN 'unsubscribed' END AS why
    FROM jsonb_to_recordset($1::jsonb) AS k(message_id bigint, attempt int)
    JOIN work w ON w.message_id = k.message_id AND w.attempt = k.attempt AND w.state = 'queued'
    JOIN jobs j ON j.id = w.job_id
  ), gone AS (
    DELETE FROM work w USING barred b
    WHERE w.message_id = b.message_id AND w.attempt = b.attempt AND w.state = 'queued' AND b.why IS NOT NULL
    RETURNING w.*, b.why
  ), transition AS (
    SELECT message_id, job_id, attempt, 'ignored'::message_status AS status, NULL::text AS failure_type,
      why AS failure_reason, NULL::text AS failure_detail, NULL::text AS rule,
      NULL::int AS reply_code, NULL::text AS enhanced_status, last_reply AS reply,
      NULL::text AS mx_host, NULL::text AS mx_ip, source, site_id, false AS in_doubt, address,
      CASE WHEN attempt = 1 THEN 'pending' ELSE 'deferred' END AS before
    FROM gone
  )
  ${LOG_AND_TELL}`;

/** The attempts that a worker has claimed and whose outcome is not recorded yet. */
export async function claimsOf(database: Database, epoch: number): Promise<readonly ClaimKey[]> {
  return await database.client.$queryRawUnsafe<ClaimKey[]>(
    `SELECT message_id::text AS "messageId", attempt, claimed_at::text AS "claimedAt"
     FROM work WHERE worker = $1 AND state = 'sending'`,
    epoch,
  );
}
