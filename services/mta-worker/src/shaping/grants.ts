import { setTimeout as wait } from 'node:timers/promises';

import { freeSlots, heldSlots, loseSlots } from '@mxflow/db';
import type { LossReason } from '@mxflow/smtp';
import type { Logger } from '@mxflow/telemetry';

import { gather } from '../gather.ts';
import type { PathPoint } from './rule-book.ts';
import { putTokenBack, settleToken, takeToken, tokensWanted, type ScopeAccount } from './scope-account.ts';
import { ScopeAccounts, type AccountsOptions } from './scope-accounts.ts';
import type { Acquired, Slot } from './slot.ts';

export type GrantsOptions = AccountsOptions & {
  /** Whether grants may be used now: the epoch was renewed of late. */
  readonly alive: () => boolean;
  /** For tests: grants everything unasked. */
  readonly unlimited: boolean;
  readonly logger: Logger;
};

/** How a connection ended. `peerClosed`: the provider's own end was seen. */
export type ConnectionEnd = { readonly peerClosed: boolean; readonly reason: LossReason };

/** Ends after which the provider was not heard any more: the network may be gone, and our RST with it. */
const SAYS_NOTHING: ReadonlySet<LossReason> = new Set<LossReason>(['timed-out', 'network-error', 'aborted']);
/** A provider that was just heard sees our RST within so long. */
const AFTER_RESET_MS = 2000;
const MAX_BATCH = 200;
const RETRY_MS = 500;

/**
 * This worker's slots and tokens. Postgres arbitrates between the workers; here they are spent, one connection and one
 * MAIL at a time, and accounted for. What runs out by our own clock is void, whatever Postgres says later.
 */
export class Grants {
  readonly #options: GrantsOptions;
  readonly #accounts: ScopeAccounts;
  readonly #slots = new Map<string, Slot>();
  #strangers: ReadonlySet<string> = new Set();
  /** Freed as such. The answer that grants one may still come. */
  readonly #forfeited = new Set<string>();
  readonly #releasing = new Set<Promise<void>>();
  /** Slots that are being freed. */
  readonly #ending = new Set<string>();
  readonly #free: (slotId: string) => Promise<void>;
  readonly #tellLost: (slotId: string) => Promise<void>;

  constructor(options: GrantsOptions) {
    this.#options = options;
    this.#accounts = new ScopeAccounts(options);
    this.#free = gather<string, void>((slotIds) => this.#endAll(slotIds, freeSlots), { maxBatch: MAX_BATCH });
    this.#tellLost = gather<string, void>((slotIds) => this.#endAll(slotIds, loseSlots), { maxBatch: MAX_BATCH });
  }

  /** Connections whose end the provider may not have seen yet. */
  get connections(): number {
    return this.#slots.size;
  }

  /** Asks for the right to one connection; it comes with a token in hand of its scope. */
  async acquire(point: PathPoint): Promise<Acquired> {
    const { alive, book, unlimited } = this.#options;
    const rule = book.of(point);
    if (unlimited) {
      const slot: Slot = { id: '', point, rule, end: new AbortController(), idle: false };
      return { kind: 'granted', slot };
    }
    const account = this.#accounts.of(rule.scopeKey);
    const restMs = account.slotsAfterMs - performance.now();
    const { scopeKey } = rule;
    if (restMs > 0) return { kind: 'denied', binds: account.binds, askAgainMs: restMs, scopeKey };
    const answer = await this.#accounts.ask({ point, rule, slot: true, tokens: account.inHand > 0 ? 0 : 1 });
    if (answer.slotId === undefined) {
      const { binds = 'connections', askAgainMs } = answer;
      if (binds === 'connections' || binds === 'share') this.#endIdle(scopeKey);
      return { kind: 'denied', binds, askAgainMs, scopeKey };
    }
    // The right to use it ran out on its way; left without an owner, it is freed where it is not already.
    if (this.#forfeited.delete(answer.slotId) || !alive()) {
      return { kind: 'denied', binds: 'connections', askAgainMs: RETRY_MS, scopeKey };
    }
    const slot: Slot = { id: answer.slotId, point, rule: book.of(point), end: new AbortController(), idle: false };
    // The rules changed on its way: it is to be counted where they count it now.
    if (slot.rule.scopeKey !== scopeKey) await this.#accounts.ask({ point, rule: slot.rule, slot: false, tokens: 0 });
    this.#slots.set(slot.id, slot);
    this.#options.events.slotGranted();
    return { kind: 'granted', slot };
  }

  /** Frees a slot as soon as the provider cannot be counting its connection any more, by what is known of the end. */
  async end(slot: Slot, { peerClosed, reason }: ConnectionEnd): Promise<void> {
    if (peerClosed) return await this.#release(slot);
    const ended = SAYS_NOTHING.has(reason) ? this.#lose(slot) : wait(AFTER_RESET_MS).then(() => this.#release(slot));
    this.#releasing.add(ended);
    await ended.finally(() => this.#releasing.delete(ended));
  }

  async #release(slot: Slot): Promise<void> {
    if (!this.#slots.delete(slot.id)) return;
    await this.#free(slot.id);
    const account = this.#accounts.of(slot.rule.scopeKey);
    if (account.binds === 'connections' || account.binds === 'share') account.slotsAfterMs = Number.NEGATIVE_INFINITY;
  }

  /** Whether the provider has seen the connection's end nobody can say: it counts for a full hold, whatever becomes of us. */
  async #lose(slot: Slot): Promise<void> {
    if (!this.#slots.delete(slot.id)) return;
    await this.#tellLost(slot.id);
  }

  /** Resolves when every slot that was let go is free. */
  async released(): Promise<void> {
    await Promise.allSettled(this.#releasing);
  }

  /** A token for one MAIL; `undefined` when none came within the time, or the connection is to end. */
  async token(slot: Slot, waitMs: number, ended: AbortSignal): Promise<Token | undefined> {
    if (this.#options.unlimited) return { spent: () => {}, unused: () => {} };
    const untilMs = performance.now() + waitMs;
    while (!ended.aborted && this.#options.alive()) {
      const account = this.#accounts.of(slot.rule.scopeKey);
      if (takeToken(account, performance.now())) return this.#tokenOf(slot, account);
      const restMs = untilMs - performance.now();
      if (restMs <= 0) return undefined;
      await this.#untilTokens(slot, account, { restMs, ended });
    }
    return undefined;
  }

  /** How long until a scope may have a token, as far as it is known: 0 where it may have one now. */
  tokenWaitMs(slot: Slot): number {
    const account = this.#accounts.of(slot.rule.scopeKey);
    return account.inHand > 0 ? 0 : Math.max(0, account.tokensAfterMs - performance.now());
  }

  /** A scope has room again: whoever waits may ask at once. */
  roomIn(key: string): void {
    this.#accounts.roomIn(key);
  }

  /** So many connections of a scope are to end after the message in hand; those that do nothing first. */
  endSurplus(surplus: readonly { readonly scopeKey: string; readonly connections: number }[]): void {
    for (const { scopeKey, connections } of surplus) {
      const open = [...this.#slots.values()].filter(({ rule }) => rule.scopeKey === scopeKey);
      const ending = open.filter(({ end }) => end.signal.aborted).length;
      const others = open.filter(({ end }) => !end.signal.aborted);
      others.sort((one, other) => Number(other.idle) - Number(one.idle));
      for (const { end } of others.slice(0, Math.max(0, connections - ending))) end.abort();
    }
  }

  /**
   * The rules changed: tokens in hand go back, each open connection is counted where the new rules count it, and no
   * wait that the old ones imposed holds. Budgets are Postgres's, and stay.
   */
  async rulesChanged(): Promise<void> {
    this.#accounts.clear();
    await this.settle();
    const { book } = this.#options;
    await Promise.all(
      [...this.#slots.values()].map(async (slot) => {
        slot.rule = book.of(slot.point);
        await this.#accounts.ask({ point: slot.point, rule: slot.rule, slot: false, tokens: 0 });
      }),
    );
    this.#accounts.clear();
  }

  /** The epoch was not renewed in time: nothing in hand may be used. */
  expire(): void {
    this.#accounts.expire();
  }

  /** Another epoch began: what the last one held is gone. */
  begin(): void {
    this.#accounts.begin();
    for (const slot of this.#slots.values()) slot.end.abort();
    this.#slots.clear();
    this.#forfeited.clear();
  }

  /** Tells Postgres what became of tokens; gives back those that nobody uses. */
  async settle(): Promise<void> {
    await this.#accounts.settle();
  }

  /** Frees slots that Postgres holds for us and nobody here knows: the answer to a request was lost on its way. */
  async reconcile(): Promise<void> {
    const { database, currentEpoch, logger } = this.#options;
    const epoch = currentEpoch();
    const held = await heldSlots(database, epoch);
    const strangers = held.filter((slotId) => !this.#slots.has(slotId) && !this.#ending.has(slotId));
    const lost = strangers.filter((slotId) => this.#strangers.has(slotId));
    this.#strangers = new Set(strangers);
    if (lost.length === 0 || epoch !== currentEpoch()) return;
    logger.warn({ slots: lost.length }, 'slots without an owner in this process, freed');
    for (const slotId of lost) this.#forfeited.add(slotId);
    await freeSlots(database, epoch, lost);
  }

  async #endAll(slotIds: readonly string[], end: typeof freeSlots): Promise<readonly void[]> {
    const { database, currentEpoch, logger } = this.#options;
    for (const slotId of slotIds) this.#ending.add(slotId);
    const epoch = currentEpoch();
    while (epoch === currentEpoch()) {
      try {
        await end(database, epoch, slotIds);
        break;
      } catch (err) {
        logger.warn({ err, slots: slotIds.length }, 'freeing slots failed, trying again');
        await wait(RETRY_MS);
      }
    }
    for (const slotId of slotIds) this.#ending.delete(slotId);
    return [];
  }

  #tokenOf({ rule, point }: Slot, account: ScopeAccount): Token {
    const spent = (): void => {
      settleToken(account);
      this.#options.events.tokenSpent(rule.rule.id, point.publicId);
    };
    return { spent, unused: () => putTokenBack(account) };
  }

  async #untilTokens(
    slot: Slot,
    account: ScopeAccount,
    { restMs, ended }: { readonly restMs: number; readonly ended: AbortSignal },
  ): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    account.waiting.add(resolve);
    const drawInMs = Math.max(0, account.tokensAfterMs - performance.now());
    const timer = setTimeout(resolve, Math.min(restMs, drawInMs === 0 ? restMs : drawInMs));
    const giveUp = (): void => resolve();
    ended.addEventListener('abort', giveUp);
    if (drawInMs === 0) void this.#draw(slot, account);
    await promise;
    clearTimeout(timer);
    // A connection waits often: what is left behind would add up on its signal.
    ended.removeEventListener('abort', giveUp);
    account.waiting.delete(resolve);
  }

  async #draw(slot: Slot, account: ScopeAccount): Promise<void> {
    if (account.drawing) return;
    account.drawing = true;
    const tokens = tokensWanted(account);
    account.usedSinceDraw = 0;
    try {
      const { binds } = await this.#accounts.ask({ point: slot.point, rule: slot.rule, slot: false, tokens });
      if (binds === 'suspended' || binds === 'site-blocked') slot.end.abort();
    } catch (err) {
      this.#options.logger.warn({ err }, 'drawing tokens failed, trying again');
      account.tokensAfterMs = performance.now() + RETRY_MS;
    }
    account.drawing = false;
    for (const wake of account.waiting) wake();
  }

  /** A scope is full: connections that only wait make room for those that have something to carry. */
  #endIdle(key: string): void {
    for (const slot of this.#slots.values()) if (slot.idle && slot.rule.scopeKey === key) slot.end.abort();
  }
}

/** The right to one MAIL. Exactly one of the two is called, once. */
export type Token = {
  /** MAIL was written and answered, or its answer will never come. */
  readonly spent: () => void;
  /** MAIL was never written. */
  readonly unused: () => void;
};
