import type { OrphanedClaim, RecordedOutcome, RetryTerms } from '@mxflow/db';
import { classifyFailure, nextAttemptAt } from '@mxflow/domain';

export type DoubtContext = {
  /** The job's terms; without them (the job is gone) nothing is tried again. */
  readonly terms: RetryTerms | undefined;
  /** Milliseconds since the epoch, by the database's clock. */
  readonly now: number;
  /** Uniform in [0, 1). */
  readonly jitter: number;
};

/** Decides what is recorded of an attempt whose worker is gone: in doubt, and tried again on the normal terms. Pure. */
export function inDoubtRecord(claim: OrphanedClaim, { terms, now, jitter }: DoubtContext): RecordedOutcome {
  const { type, reason } = classifyFailure({ kind: 'in-doubt' });
  const facts = {
    messageId: claim.messageId,
    attempt: claim.attempt,
    inDoubt: true,
    failureType: type,
    failureReason: reason,
    reply: 'worker lost: outcome unknown',
    ...(claim.source === null ? {} : { source: claim.source }),
  };
  const dueAt = terms === undefined ? undefined : dueAtOf(claim.attempt, terms, { now, jitter });
  if (dueAt === undefined) return { ...facts, status: 'expired' };
  return { ...facts, status: 'deferred', dueAt, waitReason: 'in-doubt' };
}

function dueAtOf(
  attempts: number,
  { retry: schedule, validUntil }: RetryTerms,
  { now, jitter }: Pick<DoubtContext, 'now' | 'jitter'>,
): number | undefined {
  return nextAttemptAt({ schedule, validUntil, now, attempts, greylisted: false, jitter });
}

export type OrphanQuestion = {
  readonly orphanedForMs: number;
  /** How long the queue of outcomes has been empty; `undefined` while nobody has taken all of them. */
  readonly queueEmptyForMs: number | undefined;
};

/** The recorder's time for outcomes that it has taken off the queue. */
export const RECORDING_MS = 10_000;
/** No outcome is waited for longer. */
const PATIENCE_MS = 600_000;

/**
 * Whether a claim without a worker may be called in doubt. A worker that has gone leaves outcomes on the queue, and
 * those come first: only when the queue has been empty for as long as recording what was taken off it may last, nobody
 * knows any more.
 */
export function mayCallInDoubt(
  { orphanedForMs, queueEmptyForMs = -1 }: OrphanQuestion,
  recordingMs: number = RECORDING_MS,
): boolean {
  return orphanedForMs >= PATIENCE_MS || Math.min(orphanedForMs, queueEmptyForMs) >= recordingMs;
}
