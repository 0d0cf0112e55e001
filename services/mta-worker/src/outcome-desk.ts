import { claimsOf, type Database } from '@mxflow/db';
import type { MessageId } from '@mxflow/domain';
import type { Messaging } from '@mxflow/messaging';

import type { OutcomeMessage } from './attempt-outcome.ts';

/** A claim under our epoch of which this process knows nothing: its answer was lost on the way. Never sent. */
export type UnknownClaim = { readonly messageId: MessageId; readonly attempt: number };

/** Outcomes published and not confirmed, beyond which no MAIL is sent. */
const MAX_UNCONFIRMED = 64;
/** Outcomes confirmed and not recorded, beyond which no MAIL is sent: the recorder is far behind. */
const MAX_UNRECORDED = 20_000;

type Held = { readonly outcome: OutcomeMessage; confirmedAtMs: number };

export type OutcomeDeskOptions = {
  readonly database: Database;
  readonly messaging: Messaging;
  /** A confirmed outcome that is not recorded after so long is published again. */
  readonly reportAgainMs: number;
};

/**
 * Where outcomes wait until they are safe. An outcome is published with confirms, and kept in memory until Postgres
 * shows it recorded: a broker that loses its data then costs nothing.
 */
export class OutcomeDesk {
  readonly #options: OutcomeDeskOptions;
  /** Claimed and not yet confirmed, in whatever stage: each with its attempt. */
  readonly #claims = new Map<MessageId, number>();
  readonly #unconfirmed = new Set<OutcomeMessage>();
  readonly #held = new Map<MessageId, Held>();
  #suspects: ReadonlySet<MessageId> = new Set();
  #waiting: (() => void)[] = [];

  constructor(options: OutcomeDeskOptions) {
    this.#options = options;
  }

  /** How many more messages may be claimed, with so many connections open. */
  room(openConnections: number): number {
    return openConnections + MAX_UNCONFIRMED - this.#claims.size;
  }

  /** Whether another MAIL may be sent: the broker takes outcomes, and not too many are unconfirmed or unrecorded. */
  mayStart(): boolean {
    const { blocked } = this.#options.messaging;
    return !blocked && this.#unconfirmed.size < MAX_UNCONFIRMED && this.#held.size < MAX_UNRECORDED;
  }

  /** Outcomes published, or about to be, that the broker has not confirmed. */
  get unconfirmed(): number {
    return this.#unconfirmed.size;
  }

  /** Resolves when `mayStart` may have become true. */
  untilRoom(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** A message was claimed under this epoch. */
  claimed(messageId: MessageId, attempt: number): void {
    this.#claims.set(messageId, attempt);
  }

  /** It went back unsent. */
  released(messageId: MessageId): void {
    this.#claims.delete(messageId);
    this.#wake();
  }

  /** Publishes; resolves when the broker has confirmed. */
  async report(outcome: OutcomeMessage, traceparent: string | undefined): Promise<void> {
    const messageId = outcome.body.messageId as MessageId;
    const entry: Held = { outcome, confirmedAtMs: Number.POSITIVE_INFINITY };
    this.#held.set(messageId, entry);
    await this.#publish(outcome, traceparent);
    entry.confirmedAtMs = performance.now();
    // The next attempt may have been claimed before the confirm of this one came.
    if (this.#claims.get(messageId) === outcome.body.attempt) this.released(messageId);
  }

  /** Compares with Postgres: forgets what is recorded, publishes again what seems lost, finds claims nobody here knows. */
  async reconcile(epoch: number): Promise<readonly UnknownClaim[]> {
    const askedAtMs = performance.now();
    const claims = await claimsOf(this.#options.database, epoch);
    const open = new Map(claims.map(({ messageId, attempt }) => [messageId, attempt]));
    for (const [messageId, entry] of this.#held) {
      if (entry.confirmedAtMs > askedAtMs) continue;
      if (open.get(messageId) !== entry.outcome.body.attempt) this.#held.delete(messageId);
      else if (askedAtMs - entry.confirmedAtMs > this.#options.reportAgainMs) await this.#publishAgain(entry);
    }
    this.#wake();
    return this.#findUnknown(open);
  }

  /** The epoch was fenced: everything in hand is somebody else's now. */
  forgetClaims(): void {
    this.#claims.clear();
    this.#held.clear();
    this.#wake();
  }

  /** Resolves when every reported outcome is confirmed. */
  async drained(): Promise<void> {
    while (this.#unconfirmed.size > 0) await this.untilRoom();
  }

  async #publish(outcome: OutcomeMessage, traceparent: string | undefined): Promise<void> {
    this.#unconfirmed.add(outcome);
    const trace = traceparent === undefined ? {} : { traceparent };
    await this.#options.messaging.publishMany([{ ...outcome, ...trace }]);
    this.#unconfirmed.delete(outcome);
    this.#wake();
  }

  async #publishAgain(entry: Held): Promise<void> {
    await this.#publish(entry.outcome, undefined);
    entry.confirmedAtMs = performance.now();
  }

  /** A claim counts as unknown when two comparisons in a row find it so: one alone may have met it on its way here. */
  #findUnknown(open: ReadonlyMap<MessageId, number>): readonly UnknownClaim[] {
    const strangers = [...open].filter(([messageId]) => !this.#claims.has(messageId) && !this.#held.has(messageId));
    const unknown = strangers.filter(([messageId]) => this.#suspects.has(messageId));
    this.#suspects = new Set(strangers.map(([messageId]) => messageId));
    return unknown.map(([messageId, attempt]) => ({ messageId, attempt }));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
