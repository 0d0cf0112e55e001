import type { PathPoint, PathRule } from './rule-book.ts';

/** The right to one connection, from before its SYN until the provider has seen its end. */
export type Slot = {
  readonly id: string;
  readonly point: PathPoint;
  /** As the rules stand: set anew when they change. */
  rule: PathRule;
  /** Aborted when the connection is to end after the message in hand. */
  readonly end: AbortController;
  /** It waits for a message, and nobody would miss it. */
  idle: boolean;
};

/** Why no connection may be opened now, and when to ask again. */
export type Denied = {
  readonly kind: 'denied';
  readonly binds: string;
  readonly askAgainMs: number;
  /** The scope that has no room: it announces when it does. */
  readonly scopeKey: string;
};

export type Acquired = { readonly kind: 'granted'; readonly slot: Slot } | Denied;
