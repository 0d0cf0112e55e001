import type { FailureReason } from './disposition.ts';
import { quarantineAtOf, type CountableFailure, type Policies, type QuarantineSettings } from './quarantine-policy.ts';

/**
 * Where an address stands. `quarantined` and `denylisted` ones get no mail; an `allow-listed` one always does, and its
 * errors are ignored.
 */
export const QUARANTINE_STATUSES = ['valid', 'with-errors', 'quarantined', 'denylisted', 'allow-listed'] as const;
export type QuarantineStatus = (typeof QUARANTINE_STATUSES)[number];

/** What is known of an address. Instants are milliseconds since the epoch. */
export type QuarantineEntry = {
  readonly status: QuarantineStatus;
  /** Counted errors: at least 0. */
  readonly errors: number;
  /** Of the last counted error, or of the entry into quarantine. */
  readonly reason: FailureReason | null;
  readonly countedAt: number | null;
  /** The first success since the last bounce. */
  readonly successAt: number | null;
  readonly quarantinedAt: number | null;
  /** When it leaves quarantine by itself. */
  readonly releaseAt: number | null;
};

/** An address that nothing has happened to. */
export const VALID_ENTRY: QuarantineEntry = {
  status: 'valid',
  errors: 0,
  reason: null,
  countedAt: null,
  successAt: null,
  quarantinedAt: null,
  releaseAt: null,
};

/** What happens to an address. */
export type QuarantineEvent =
  | ({ readonly kind: 'error' } & CountableFailure)
  /** The recipient called a message spam. */
  | { readonly kind: 'complaint' }
  /** A server took a message for it. */
  | { readonly kind: 'success' };

export type QuarantineTerms = { readonly policies: Policies; readonly settings: QuarantineSettings };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * What an event makes of an address. Pure.
 *
 * ```
 * valid ──error──▶ with-errors ──error, the policy's number reached──▶ quarantined ──release date──▶ valid
 *   ▲                  │  10 days without an error, or 7 after a success
 *   └──────────────────┘            any but allow-listed ──complaint──▶ denylisted
 * ```
 *
 * In quarantine, on the denylist and on the allow-list errors change nothing.
 */
export function afterEvent(
  before: QuarantineEntry,
  event: QuarantineEvent,
  { policies, settings, at }: QuarantineTerms & { readonly at: number },
): QuarantineEntry {
  const entry = afterTime(before, settings, at);
  switch (event.kind) {
    case 'error':
      return afterError(entry, event, { policies, settings, at });
    case 'complaint':
      return afterComplaint(entry, settings, at);
    case 'success':
      return entry.status === 'with-errors' && entry.successAt === null ? { ...entry, successAt: at } : entry;
  }
}

/** What the time that has passed makes of an address: released, its counter fallen to zero, or unchanged. */
export function afterTime(entry: QuarantineEntry, settings: QuarantineSettings, now: number): QuarantineEntry {
  switch (entry.status) {
    case 'quarantined':
      return entry.releaseAt !== null && entry.releaseAt <= now ? VALID_ENTRY : entry;
    case 'with-errors': {
      const { countedAt, successAt } = entry;
      const forgotten = countedAt !== null && countedAt + settings.resetDays * DAY_MS <= now;
      const proven = successAt !== null && successAt + settings.successDays * DAY_MS <= now;
      return forgotten || proven ? VALID_ENTRY : entry;
    }
    case 'valid':
    case 'denylisted':
    case 'allow-listed':
      return entry;
  }
}

/** True where no mail may be sent to it. */
export function isBarred({ status, releaseAt }: Pick<QuarantineEntry, 'status' | 'releaseAt'>, now: number): boolean {
  return status === 'denylisted' || (status === 'quarantined' && (releaseAt === null || releaseAt > now));
}

function afterError(
  entry: QuarantineEntry,
  failure: CountableFailure,
  { policies, settings, at }: QuarantineTerms & { readonly at: number },
): QuarantineEntry {
  if (entry.status !== 'valid' && entry.status !== 'with-errors') return entry;
  // A success that an error follows was none, whatever the error.
  const bounced = entry.successAt === null ? entry : { ...entry, successAt: null };
  const threshold = quarantineAtOf(failure, policies);
  if (threshold === undefined) return bounced;
  if (entry.countedAt !== null && at < entry.countedAt + settings.significanceHours * HOUR_MS) return bounced;
  const errors = entry.errors + 1;
  const counted = { ...bounced, errors, reason: failure.reason, countedAt: at };
  if (errors < threshold) return { ...counted, status: 'with-errors' };
  const { releaseDays } = policies[failure.reason];
  const releaseAt = releaseDays === null ? null : at + releaseDays * DAY_MS;
  return { ...counted, status: 'quarantined', quarantinedAt: at, releaseAt };
}

function afterComplaint(entry: QuarantineEntry, settings: QuarantineSettings, at: number): QuarantineEntry {
  if (!settings.complaintDenylists || entry.status === 'denylisted' || entry.status === 'allow-listed') return entry;
  return { ...entry, status: 'denylisted', reason: 'refused', successAt: null, quarantinedAt: at, releaseAt: null };
}
