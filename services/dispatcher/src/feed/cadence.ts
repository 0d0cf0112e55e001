/** What a feeding pass came to. */
export type PassResult = {
  readonly released: number;
  /** Messages that the lane holds after the pass. */
  readonly held: number;
};

/** Milliseconds between passes while messages move, and the longest waits with and without messages in the lane. */
const BUSY_MS = 100;
const LONGEST_WITH_HELD_MS = 200;
const LONGEST_IDLE_MS = 1000;

/** How long the next pass waits: soon while messages move, twice as long each time that none did. Pure. */
export function nextWaitMs(lastWaitMs: number, { released, held }: PassResult): number {
  if (released > 0) return BUSY_MS;
  return Math.min(Math.max(lastWaitMs, BUSY_MS) * 2, held > 0 ? LONGEST_WITH_HELD_MS : LONGEST_IDLE_MS);
}
