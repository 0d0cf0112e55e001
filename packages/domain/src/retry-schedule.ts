/** When a deferred message is tried again. */
export type RetrySchedule = {
  /** Seconds to wait after the first, second, … failed attempt. */
  readonly delaysSeconds: readonly number[];
  /** Seconds between attempts once the list is used up, until the validity ends. */
  readonly thenEverySeconds: number;
  /** Seconds until a greylisted message is tried again (RFC 6647 §5 advises minutes, not hours). */
  readonly greylistSeconds: number;
};

const HOUR = 3600;

/** After one hour, five times, then daily. */
export const DEFAULT_RETRY_SCHEDULE: RetrySchedule = {
  delaysSeconds: [HOUR, HOUR, HOUR, HOUR, HOUR],
  thenEverySeconds: 24 * HOUR,
  greylistSeconds: 300,
};

/** Where a message stands after a failed attempt. */
export type RetryQuestion = {
  readonly schedule: RetrySchedule;
  /** Milliseconds since the epoch at which the message's validity ends. */
  readonly validUntil: number;
  readonly now: number;
  /** Attempts made so far, the failed one included: at least 1. */
  readonly attempts: number;
  readonly greylisted: boolean;
  /** Uniform in [0, 1): spreads a burst of deferrals over ±10 % of the wait. */
  readonly jitter: number;
};

const JITTER_SHARE = 0.1;

/** The instant (ms) of the next attempt, or `undefined` when that would be past the validity: the message expires. */
export function nextAttemptAt(question: RetryQuestion): number | undefined {
  const spread = 1 + JITTER_SHARE * (2 * question.jitter - 1);
  const at = question.now + Math.round(waitSeconds(question) * 1000 * spread);
  return at < question.validUntil ? at : undefined;
}

function waitSeconds({ schedule, attempts, greylisted }: RetryQuestion): number {
  const regular = schedule.delaysSeconds[attempts - 1] ?? schedule.thenEverySeconds;
  return greylisted ? Math.min(regular, schedule.greylistSeconds) : regular;
}

/** Seconds that a site rests after so many connection failures in a row (at least 1): 4 s doubling to 10 minutes. */
export function siteBackOffSeconds(failuresInARow: number): number {
  return Math.min(4 * 2 ** (failuresInARow - 1), 600);
}
