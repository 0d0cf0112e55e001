/**
 * How much of a lane's window one site may hold. A site that drains what it is given gets more, up to the whole window;
 * one that drains nothing for a while falls back, so that a dead provider holds a small share and a fast one is never
 * short.
 */
export type SiteAllowance = {
  readonly allowance: number;
  /** Messages that it held after the last pass. */
  readonly held: number;
  /** When something last left it, or it held nothing: monotonic ms. */
  readonly movedAtMs: number;
  /** Nothing has left it for `STALLED_AFTER_MS`. What then leaves at last proves life, not speed. */
  readonly stalled: boolean;
};

/** Messages that a site of which nothing is known may hold. */
export const FIRST_ALLOWANCE = 64;
export const STALLED_AFTER_MS = 1000;

export type Observation = {
  /** Messages that the site holds now: released or being sent. */
  readonly held: number;
  readonly nowMs: number;
  readonly window: number;
};

/** Decides a site's allowance at the beginning of a pass. Pure. */
export function adaptAllowance(before: SiteAllowance | undefined, { held, nowMs, window }: Observation): SiteAllowance {
  const first = Math.min(FIRST_ALLOWANCE, window);
  if (before === undefined) return { allowance: first, held, movedAtMs: nowMs, stalled: false };
  const { allowance, movedAtMs, stalled } = before;
  const drained = before.held - held;
  if (before.held === 0) return { allowance, held, movedAtMs: nowMs, stalled };
  if (drained <= 0) {
    if (nowMs - movedAtMs < STALLED_AFTER_MS) return { allowance, held, movedAtMs, stalled };
    return { allowance: first, held, movedAtMs, stalled: true };
  }
  const isFast = !stalled && drained * 2 >= before.held && before.held * 2 >= allowance;
  return { allowance: isFast ? Math.min(allowance * 2, window) : allowance, held, movedAtMs: nowMs, stalled: false };
}
