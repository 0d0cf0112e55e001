/** What a handler wants to happen with a message. It never touches the channel itself. */
export type Verdict =
  /** Its effects are committed. */
  | { readonly kind: 'done' }
  /** Hand it out again after a wait, at most `MAX_LATER_MS`; the message is unchanged. */
  | { readonly kind: 'later'; readonly delayMs: number }
  /** No retry can help; keep it for a person to look at. */
  | { readonly kind: 'park'; readonly reason: string };

/** A longer `later` is shortened to this: work that must wait longer belongs into the database as a due time. */
export const MAX_LATER_MS = 60_000;

export const done: Verdict = { kind: 'done' };

export function later(delayMs: number): Verdict {
  return { kind: 'later', delayMs };
}

export function park(reason: string): Verdict {
  return { kind: 'park', reason };
}
