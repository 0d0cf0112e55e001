import type { GrantAccount } from '@mxflow/db';

/**
 * What this worker holds in one scope: tokens in hand, and the absolute totals by which Postgres accounts for them.
 * A token is in hand until MAIL takes it; outstanding until the reply; then settled. One whose MAIL was never written
 * goes back to hand, or to the scope. Bookkeeping only; who asks Postgres is decided by its owner.
 *
 * At all times `drawn = inHand + underWay + settled + returned`.
 */
export type ScopeAccount = {
  readonly scopeKey: string;
  inHand: number;
  underWay: number;
  drawn: number;
  settled: number;
  returned: number;
  /** Totals that Postgres has not been told. */
  dirty: boolean;
  /** No slot is asked for before this instant (ms, monotonic), unless the scope announces room. */
  slotsAfterMs: number;
  /** No token likewise. */
  tokensAfterMs: number;
  /** What bound last, for whoever waits. */
  binds: string;
  /** Tokens that MAIL took since the last draw: how many the next one is for. */
  usedSinceDraw: number;
  drawing: boolean;
  /** When a token was last taken or drawn: ms, monotonic. */
  movedAtMs: number;
  /** Connections that wait for a token, longest first. */
  readonly waiting: Set<() => void>;
};

export function openAccount(scopeKey: string, nowMs: number): ScopeAccount {
  return {
    scopeKey,
    inHand: 0,
    underWay: 0,
    drawn: 0,
    settled: 0,
    returned: 0,
    dirty: false,
    slotsAfterMs: Number.NEGATIVE_INFINITY,
    tokensAfterMs: Number.NEGATIVE_INFINITY,
    binds: '',
    usedSinceDraw: 0,
    drawing: false,
    movedAtMs: nowMs,
    waiting: new Set(),
  };
}

/** The totals as Postgres takes them: absolute, so that telling them twice changes nothing. */
export function totalsOf({ drawn, settled, returned }: ScopeAccount): GrantAccount {
  return { drawn, settled, returned };
}

/** Tokens arrived. `drawn` is Postgres's own total after the draw. */
export function receiveTokens(account: ScopeAccount, { tokens, drawn }: { tokens: number; drawn: number }): void {
  account.inHand += tokens;
  account.drawn = drawn;
}

/** MAIL is about to be written; `false` where there is no token for it. */
export function takeToken(account: ScopeAccount, nowMs: number): boolean {
  if (account.inHand === 0) return false;
  account.inHand -= 1;
  account.underWay += 1;
  account.usedSinceDraw += 1;
  account.movedAtMs = nowMs;
  return true;
}

/** The reply to a message is there, or never comes: MAIL was written, so the token is spent. */
export function settleToken(account: ScopeAccount): void {
  account.underWay -= 1;
  account.settled += 1;
  account.dirty = true;
}

/** MAIL was never written: another message may have the token. */
export function putTokenBack(account: ScopeAccount): void {
  account.underWay -= 1;
  account.inHand += 1;
  account.usedSinceDraw -= 1;
}

/** Gives what is in hand back to the scope. */
export function returnTokens(account: ScopeAccount): void {
  if (account.inHand === 0) return;
  account.returned += account.inHand;
  account.inHand = 0;
  account.dirty = true;
}

/** The right to use them ran out: nobody knows what is still true, so they count as spent. */
export function voidTokens(account: ScopeAccount): void {
  if (account.inHand === 0) return;
  account.settled += account.inHand;
  account.inHand = 0;
  account.dirty = true;
}

/** How many tokens to ask for: one for each that waits, and as many as were used since the last draw. */
export function tokensWanted(account: ScopeAccount): number {
  return Math.min(MAX_DRAW, Math.max(account.waiting.size, account.usedSinceDraw + account.waiting.size));
}

const MAX_DRAW = 500;
