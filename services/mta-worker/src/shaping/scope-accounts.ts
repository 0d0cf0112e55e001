import { requestGrants, settleGrants, type Database, type ScopeAnswer, type ScopeRequest } from '@mxflow/db';

import type { GrantEvents } from '../events.ts';
import { gather } from '../gather.ts';
import type { PathPoint, PathRule, RuleBook } from './rule-book.ts';
import { openAccount, receiveTokens, returnTokens, totalsOf, voidTokens, type ScopeAccount } from './scope-account.ts';

export type AccountsOptions = {
  readonly database: Database;
  readonly book: RuleBook;
  readonly currentEpoch: () => number;
  /** The rules are not those that Postgres goes by: read them anew. */
  readonly onStaleRules: () => void;
  readonly events: GrantEvents;
};

/** `slot`: a connection is wanted; else tokens, or only that Postgres learns which scope counts this path now. */
export type Wish = {
  readonly point: PathPoint;
  readonly rule: PathRule;
  readonly slot: boolean;
  readonly tokens: number;
};

export type Answer = Pick<ScopeAnswer, 'slotId' | 'binds' | 'askAgainMs'>;

const MAX_BATCH = 200;
/** Tokens in hand that nothing moved for so long go back to the scope. */
const IDLE_TOKENS_MS = 1500;
/** Room is announced; this is for an announcement that was missed. */
const CATCH_UP_MS = 60_000;

const FENCED: Answer = { slotId: undefined, binds: 'connections', askAgainMs: 500 };

/** What this worker holds in each scope, and the one place from which Postgres is asked for more. */
export class ScopeAccounts {
  readonly #options: AccountsOptions;
  #accounts = new Map<string, ScopeAccount>();
  /** One request at a time: the totals that go with it must be those of the moment. */
  readonly ask: (wish: Wish) => Promise<Answer>;

  constructor(options: AccountsOptions) {
    this.#options = options;
    this.ask = gather<Wish, Answer>((wishes) => this.#request(wishes), { maxBatch: MAX_BATCH });
  }

  of(key: string): ScopeAccount {
    const account = this.#accounts.get(key) ?? openAccount(key, performance.now());
    this.#accounts.set(key, account);
    return account;
  }

  /** A scope has room again: whoever waits may ask at once. */
  roomIn(key: string): void {
    const account = this.#accounts.get(key);
    if (account !== undefined) letAsk(account);
  }

  /** Gives back what is in hand, and forgets every wait. */
  clear(): void {
    for (const account of this.#accounts.values()) {
      this.#return(account);
      letAsk(account);
    }
  }

  /** The epoch was not renewed in time: nothing in hand may be used. */
  expire(): void {
    for (const account of this.#accounts.values()) {
      this.#options.events.tokensUnspent('voided', account.inHand);
      voidTokens(account);
    }
  }

  /** Another epoch began: what the last one held is gone. */
  begin(): void {
    this.#accounts = new Map();
  }

  /**
   * Tells Postgres what became of tokens; gives back those that nobody uses. An account is kept as long as its epoch
   * lives: opened anew it would begin at zero, and what it then settles would be below what Postgres was told before.
   */
  async settle(): Promise<void> {
    const nowMs = performance.now();
    for (const account of this.#accounts.values()) {
      if (account.inHand > 0 && nowMs - account.movedAtMs > IDLE_TOKENS_MS) this.#return(account);
    }
    const told = [...this.#accounts.values()].filter(({ dirty }) => dirty);
    if (told.length === 0) return;
    for (const account of told) account.dirty = false;
    const { database, currentEpoch } = this.#options;
    const totals = told.map((account) => ({ scopeKey: account.scopeKey, account: totalsOf(account) }));
    await settleGrants(database, currentEpoch(), totals).catch((err: unknown) => {
      for (const account of told) account.dirty = true;
      throw err;
    });
  }

  #return(account: ScopeAccount): void {
    this.#options.events.tokensUnspent('returned', account.inHand);
    returnTokens(account);
  }

  async #request(wishes: readonly Wish[]): Promise<readonly Answer[]> {
    const { database, book, currentEpoch, onStaleRules } = this.#options;
    const told = new Set<ScopeAccount>();
    const requests = wishes.map((wish) => {
      const account = this.of(wish.rule.scopeKey);
      // Totals go with the first of a scope: after it Postgres's own are ahead of ours.
      const isFirst = !told.has(account);
      told.add(account);
      account.dirty = false;
      return requestOf(wish, account, isFirst);
    });
    const tellAgain = (): void => {
      for (const account of told) account.dirty = true;
    };
    const rules = { epoch: currentEpoch(), rulesVersion: book.version };
    const answers = await requestGrants(database, rules, requests).catch((err: unknown) => {
      tellAgain();
      throw err;
    });
    // Fenced while the answer was on its way: what it granted is gone, and the accounts of another epoch begin at zero.
    if (currentEpoch() !== rules.epoch) return answers.map(() => FENCED);
    for (const [index, answer] of answers.entries()) this.#receive(wishes[index] as Wish, answer);
    if (answers.some(({ binds }) => binds === 'rules-changed')) {
      tellAgain();
      onStaleRules();
    }
    return answers;
  }

  #receive({ rule, slot, tokens }: Wish, answer: ScopeAnswer): void {
    const { binds, askAgainMs } = answer;
    if (binds === 'rules-changed') return;
    const account = this.of(rule.scopeKey);
    const nowMs = performance.now();
    if (answer.tokens > 0) account.movedAtMs = nowMs;
    receiveTokens(account, answer);
    if (binds === undefined) return;
    this.#options.events.denied(slot ? 'slot' : 'token', binds);
    account.binds = binds;
    // What binds one path or site says nothing about the others of its scope.
    if (binds !== 'connections' && binds !== 'share' && binds !== 'rate') return;
    const afterMs = nowMs + Math.min(askAgainMs, CATCH_UP_MS);
    if (slot && answer.slotId === undefined) account.slotsAfterMs = afterMs;
    if (tokens > 0 && answer.tokens === 0) account.tokensAfterMs = afterMs;
  }
}

function requestOf({ point, rule, slot, tokens }: Wish, account: ScopeAccount, isFirst: boolean): ScopeRequest {
  return {
    scopeKey: rule.scopeKey,
    ruleId: rule.rule.id,
    groupKey: rule.groupKey,
    publicId: point.publicId,
    mxIp: point.mxIp,
    siteId: point.siteId,
    slots: slot ? 1 : 0,
    tokens,
    tokensInHand: account.inHand,
    account: isFirst ? totalsOf(account) : undefined,
  };
}

function letAsk(account: ScopeAccount): void {
  account.slotsAfterMs = Number.NEGATIVE_INFINITY;
  account.tokensAfterMs = Number.NEGATIVE_INFINITY;
  for (const wake of account.waiting) wake();
}
