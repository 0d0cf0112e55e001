import { backoffMs } from '@mxflow/process';

/** What one webhook request came to. */
export type DeliveryResult =
  /** Whatever the status: what it means is decided below. */
  | { readonly kind: 'answered'; readonly statusCode: number }
  /** No answer: no such host, an address that must not be reached, no connection, TLS, or the time was over. */
  | { readonly kind: 'unreachable'; readonly because: string };

export type DeliveryStep =
  | { readonly kind: 'delivered' }
  /** The receiver wants no more (410, RFC 9110 §15.5.11). */
  | { readonly kind: 'disable' }
  | { readonly kind: 'retry'; readonly afterMs: number };

const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 3_600_000;
const GONE = 410;

/**
 * Decides what follows a delivery. Only 2xx is a success: a redirect is not followed, since it would lead past the
 * check of the address, and so counts as a failure.
 *
 * @param failures in a row before this one.
 */
export function stepAfter(result: DeliveryResult, failures: number, jitter: number): DeliveryStep {
  if (result.kind === 'answered') {
    if (result.statusCode >= 200 && result.statusCode < 300) return { kind: 'delivered' };
    if (result.statusCode === GONE) return { kind: 'disable' };
  }
  const question = { failures: failures + 1, firstMs: FIRST_RETRY_MS, maxMs: LONGEST_RETRY_MS, jitter };
  return { kind: 'retry', afterMs: backoffMs(question) };
}
