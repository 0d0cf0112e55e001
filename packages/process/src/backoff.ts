export type BackoffQuestion = {
  /** Failures in a row so far: at least 1. */
  readonly failures: number;
  readonly firstMs: number;
  readonly maxMs: number;
  /** By how much each further failure lengthens the wait. */
  readonly factor?: number;
  /** Uniform in [0, 1): spreads the wait over ±25 %, so that those who failed together do not come back together. */
  readonly jitter: number;
};

/** How long to wait after a failure: exponential, never over `maxMs`. Pure: the caller brings the dice. */
export function backoffMs({ failures, firstMs, maxMs, factor = 2, jitter }: BackoffQuestion): number {
  const plain = Math.min(maxMs, firstMs * factor ** (failures - 1));
  return Math.min(maxMs, Math.round(plain * (0.75 + jitter / 2)));
}
