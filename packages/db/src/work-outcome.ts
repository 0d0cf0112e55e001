import {
  quarantineAtOf,
  type FailureDetail,
  type FailureReason,
  type FailureType,
  type MessageId,
  type SiteVerdict,
} from '@mxflow/domain';
import type { Database, Statements } from './database.ts';
import { RESOLVER_SITE } from './guarded.ts';
import { readQuarantineTerms, type QuarantineTermsNow } from './quarantine-entries.ts';
import { applyEvents, compareIds, NO_EFFECT, type AddressEvent, type QuarantineEffect } from './quarantine-events.ts';
import { inTransaction } from './transaction.ts';
import { storable } from './unstorable.ts';
import { countTransitions, logAndTell, type Transition } from './work-settle.ts';

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
  readonly failureDetail?: FailureDetail;
  /** The bounce rule that decided. */
  readonly rule?: string;
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

/** A transition, and why the attempts failed that made it. */
export type OutcomeTransition = Transition & {
  readonly failureType: FailureType | null;
  readonly failureReason: FailureReason | null;
};

export type RecordedBatch = {
  /** The transitions really made. */
  readonly transitions: readonly OutcomeTransition[];
  readonly quarantine: QuarantineEffect;
};

/**
 * Records a batch in one transaction: work rows deferred or deleted, the log appended, webhooks queued, addresses
 * counted and quarantined, counters moved. Only jobs of mode live touch quarantine.
 *
 * Compare-and-set by message and attempt: an outcome that is late or comes twice changes nothing. One exception: a
 * final outcome of an attempt that a sweep has called in doubt still ends the message while nobody sends it again.
 */
export async function recordOutcomes(database: Database, outcomes: readonly RecordedOutcome[]): Promise<RecordedBatch> {
  const once = firstOfEach(outcomes);
  return await inTransaction(database, async (tx) => {
    const failed = once.some(({ failureReason }) => failureReason !== undefined);
    const terms = failed ? await readQuarantineTerms(tx) : undefined;
    const rows = JSON.stringify(once.map((outcome) => toRow(outcome, terms)));
    const recorded = await tx.$queryRawUnsafe<Recorded[]>(RECORD, rows);
    const quarantine = await carryToAddresses(tx, recorded, { outcomes: once, terms });
    const transitions = recorded.map(transitionOf);
    await countTransitions(tx, transitions);
    return { transitions, quarantine };
  });
}

/** A transition, with what of it concerns addresses. */
type Recorded = OutcomeTransition & {
  readonly errors: readonly (AttemptOf & { readonly siteId: number })[];
  readonly successes: readonly AttemptOf[];
  /** Messages by site and provider, and all, as the guard numbers them: given where there are errors. */
  readonly guarded: Readonly<Record<string, number>> | null;
};
type AttemptOf = { readonly messageId: string; readonly attempt: number; readonly address: string };

function transitionOf({
  errors: _errors,
  successes: _successes,
  guarded: _guarded,
  ...transition
}: Recorded): OutcomeTransition {
  return transition;
}

async function carryToAddresses(
  tx: Statements,
  recorded: readonly Recorded[],
  { outcomes, terms }: { outcomes: readonly RecordedOutcome[]; terms: QuarantineTermsNow | undefined },
): Promise<QuarantineEffect> {
  const errors = recorded.flatMap((group) => group.errors);
  const successes = recorded.flatMap((group) => group.successes);
  if (errors.length + successes.length === 0) return NO_EFFECT;
  const told = new Map(outcomes.map((outcome) => [keyOf(outcome), outcome]));
  const events = [
    ...errors.flatMap((error): readonly AddressEvent[] => {
      const {
        failureReason: reason,
        failureType: type = 'soft',
        failureDetail: detail,
        rule,
        reply: text,
      } = told.get(keyOf(error)) ?? {};
      return reason === undefined ? [] : [{ ...error, event: { kind: 'error', reason, type, detail }, rule, text }];
    }),
    ...successes.map((success): AddressEvent => ({ ...success, event: { kind: 'success' }, siteId: null })),
  ];
  const messages = new Map(Object.entries(recorded[0]?.guarded ?? {}).map(([site, count]) => [Number(site), count]));
  return await applyEvents(tx, events, { ...(terms ?? (await readQuarantineTerms(tx))), from: 'reply', messages });
}

function keyOf({ messageId, attempt }: { readonly messageId: string; readonly attempt: number }): string {
  return `${messageId} ${attempt}`;
}

// One look at quarantine a message: for a success after errors, and for an address whose errors are ignored.
const RECORD = `
  WITH outcome AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS o(message_id bigint, attempt int, status message_status,
      due_at double precision, wait_reason text, failure_type text, failure_reason text, failure_detail text, rule text,
      counts boolean, reply_code int, enhanced_status text, reply text, mx_host text, mx_ip text, source int,
      in_doubt boolean, site_verdict text)
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
  ), settled AS (
    SELECT s.*, coalesce(j.mode = 'live', false) AS live, q.status AS standing, q.success_at,
      q.status = 'allow-listed' AND s.failure_reason IS NOT NULL AS pardoned
    FROM (SELECT * FROM finished UNION ALL SELECT * FROM deferred) s
    LEFT JOIN jobs j ON j.id = s.job_id
    LEFT JOIN quarantine q ON q.address = lower(s.address) AND q.status IN ('with-errors', 'allow-listed')
  ), transition AS (
    SELECT message_id, job_id, attempt, status, before, reply_code, enhanced_status, reply, mx_host, mx_ip, source,
      site_id, in_doubt, address, rule, failure_detail, site_verdict, live, standing, success_at, counts,
      CASE WHEN live AND pardoned THEN 'ignored' ELSE failure_type END AS failure_type,
      CASE WHEN live AND pardoned THEN 'ignored' ELSE failure_reason END AS failure_reason
    FROM settled
  ), counted AS (
    INSERT INTO site_minutes AS m (site_id, minute, messages, failures)
    SELECT site_id, date_trunc('minute', (SELECT mxflow_now())), count(*),
      count(*) FILTER (WHERE site_verdict = 'failed')
    FROM transition WHERE site_verdict IS NOT NULL GROUP BY site_id ORDER BY site_id
    ON CONFLICT (site_id, minute) DO UPDATE SET messages = m.messages + excluded.messages,
      failures = m.failures + excluded.failures
  ), by_site AS (
    SELECT site_id, count(*) AS messages FROM transition WHERE live AND status IN ('sent', 'failed') GROUP BY site_id
  ), watched AS (
    SELECT w.site_id, sum(b.messages) AS messages FROM by_site b CROSS JOIN LATERAL (
      VALUES (b.site_id), ((SELECT provider_id FROM sites WHERE id = b.site_id))
    ) w(site_id) WHERE w.site_id IS NOT NULL GROUP BY w.site_id
  ), guarded AS (
    INSERT INTO guard_hours AS h (site_id, hour, messages)
    SELECT site_id, date_trunc('hour', (SELECT mxflow_now())), messages FROM watched ORDER BY site_id
    ON CONFLICT (site_id, hour) DO UPDATE SET messages = h.messages + excluded.messages
  )
  ${logAndTell()}
  SELECT job_id::text AS "jobNumber", before, status::text AS status, failure_type AS "failureType",
    failure_reason AS "failureReason", count(*)::int AS messages,
    (count(*) FILTER (WHERE in_doubt))::int AS "inDoubt",
    coalesce(jsonb_agg(jsonb_build_object('messageId', message_id::text, 'attempt', attempt, 'address', address,
      'siteId', site_id)) FILTER (WHERE counts AND live AND standing IS DISTINCT FROM 'allow-listed'), '[]') AS errors,
    coalesce(jsonb_agg(jsonb_build_object('messageId', message_id::text, 'attempt', attempt, 'address', address))
      FILTER (WHERE status = 'sent' AND live AND standing = 'with-errors' AND success_at IS NULL), '[]') AS successes,
    CASE WHEN (SELECT bool_or(counts) FROM outcome) THEN (SELECT jsonb_object_agg(site_id, messages) FROM (
      SELECT site_id, messages FROM watched
      UNION ALL SELECT ${RESOLVER_SITE}, coalesce(sum(messages), 0) FROM by_site
    ) counted_of) END AS guarded
  FROM transition GROUP BY job_id, before, status, failure_type, failure_reason`;

/**
 * One outcome an attempt: the others say the same, or came too late. Attempts of one message stay apart, since a repeat
 * of an earlier one may lie beside the outcome of the next; at most one of them finds its row.
 */
function firstOfEach(outcomes: readonly RecordedOutcome[]): readonly RecordedOutcome[] {
  const byAttempt = new Map<string, RecordedOutcome>();
  for (const outcome of outcomes) {
    const key = keyOf(outcome);
    if (!byAttempt.has(key)) byAttempt.set(key, outcome);
  }
  // Rows are mostly locked in the order in which they are named: two batches then wait for each other, not in a circle.
  return [...byAttempt.values()].toSorted((one, other) => compareIds(one.messageId, other.messageId));
}

function toRow(outcome: RecordedOutcome, terms: QuarantineTermsNow | undefined): object {
  return {
    message_id: outcome.messageId,
    attempt: outcome.attempt,
    status: outcome.status,
    due_at: outcome.dueAt,
    wait_reason: outcome.waitReason,
    failure_type: outcome.failureType,
    failure_reason: outcome.failureReason,
    failure_detail: outcome.failureDetail,
    rule: outcome.rule,
    counts: terms !== undefined && mayCount(outcome, terms),
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

function mayCount(outcome: RecordedOutcome, { policies }: QuarantineTermsNow): boolean {
  const { failureReason: reason, failureType: type = 'soft', failureDetail: detail } = outcome;
  return reason !== undefined && quarantineAtOf({ reason, type, detail }, policies) !== undefined;
}
