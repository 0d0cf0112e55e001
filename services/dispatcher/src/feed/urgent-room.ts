import type { HeldBySite } from '@mxflow/db';

/** Share of a limit that is kept for the more urgent, and the least that it is. */
const RESERVE_SHARE = 0.25;
const MIN_RESERVE = 16;

/** What a limit keeps for messages more urgent than the ones that fill it. */
export function reserveOf(limit: number): number {
  return limit === 0 ? 0 : Math.max(MIN_RESERVE, Math.floor(limit * RESERVE_SHARE));
}

/**
 * Room under a limit for messages of an urgency. Those that are more urgent than the least urgent held may go beyond
 * the limit by the reserve: what was released before them cannot be called back, and they must not wait behind it.
 */
export function roomFor(urgency: number, limit: number, held: HeldBySite | undefined): number {
  if (held === undefined || held.messages === 0) return limit;
  return (urgency < held.leastUrgent ? limit + reserveOf(limit) : limit) - held.messages;
}

/** What a lane holds in all. */
export function heldInAll(held: ReadonlyMap<number, HeldBySite>): HeldBySite {
  let messages = 0;
  let leastUrgent = 0;
  for (const site of held.values()) {
    messages += site.messages;
    leastUrgent = Math.max(leastUrgent, site.leastUrgent);
  }
  return { messages, leastUrgent };
}
