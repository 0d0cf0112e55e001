/** One time limit that moves often and passes rarely. */
export type Deadline = {
  /** The limit is now this far away, whatever it was. */
  set(delayMs: number): void;
  /** There is no limit for now. */
  lift(): void;
  /** Lets go of the timer, for good. */
  stop(): void;
};

/**
 * Calls `onPassed` once a limit has passed. The timer is armed anew only where the limit comes nearer: moving it further, as
 * every reply does, costs a reading of the clock.
 */
export function createDeadline(onPassed: () => void): Deadline {
  let timer: NodeJS.Timeout | undefined;
  let firesAt = Number.POSITIVE_INFINITY;
  let limitAt = Number.POSITIVE_INFINITY;
  let stopped = false;

  function arm(): void {
    clearTimeout(timer);
    firesAt = limitAt;
    timer = setTimeout(fire, Math.max(1, Math.ceil(limitAt - performance.now())));
  }

  function fire(): void {
    timer = undefined;
    firesAt = Number.POSITIVE_INFINITY;
    if (limitAt === Number.POSITIVE_INFINITY) return;
    if (performance.now() < limitAt) return arm();
    limitAt = Number.POSITIVE_INFINITY;
    onPassed();
  }

  return {
    set(delayMs) {
      if (stopped) return;
      limitAt = performance.now() + delayMs;
      if (limitAt < firesAt) arm();
    },
    lift() {
      limitAt = Number.POSITIVE_INFINITY;
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
