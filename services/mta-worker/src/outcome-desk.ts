import { claimsOf, type ClaimKey, type Database } from '@mxflow/db';
import type { MessageId } from '@mxflow/domain';
import type { Messaging } from '@mxflow/messaging';

import type { OutcomeMessage } from './attempt-outcome.ts';
import type { LaneMessage } from './lane-message.ts';

/** Outcomes published and not confirmed, beyond which no MAIL is sent. */
const MAX_UNCONFIRMED = 64;
/** Outcomes confirmed and not recorded, beyond which no MAIL is sent: the recorder is far behind. */
const MAX_UNRECORDED = 20_000;

/** `toldAtMs`: when the broker last answered, whatever it said; monotonic. */
type Held = { readonly outcome: OutcomeMessage; readonly lane: LaneMessage; toldAtMs: number };

export type OutcomeDeskOptions = {
  readonly database: Database;
  readonly messaging: Messaging;
  readonly currentEpoch: () => number;
  /** An outcome that is not recorded so long after the broker answered is published again. */
  readonly reportAgainMs: number;
};

/**
 * Where outcomes wait until they are safe. An outcome is published with confirms, and kept in memory until Postgres
 * shows it recorded: a broker that loses its data then costs nothing.
 */
export class OutcomeDesk {
  readonly #options: OutcomeDeskOptions;
  /** Claimed and not yet confirmed, in whatever stage: each with the copy that was claimed. */
  readonly #claims = new Map<MessageId, LaneMessage>();
  /** Asked for, and not answered. */
  #asked: ReadonlySet<MessageId> = new Set();
  readonly #unconfirmed = new Set<OutcomeMessage>();
  readonly #held = new Map<MessageId, Held>();
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

  /** Claims of these are asked for, until disposed: one batch at a time. */
  asking(messages: readonly LaneMessage[]): Disposable {
    this.#asked = new Set(messages.map(({ messageId }) => messageId));
    return { [Symbol.dispose]: () => void (this.#asked = new Set()) };
  }

  /** A message was claimed under this epoch. */
  claimed(lane: LaneMessage): void {
    this.#claims.set(lane.messageId, lane);
  }

  /** Whether it is claimed, and ours to send: not once its epoch was fenced. */
  holds(lane: LaneMessage): boolean {
    return this.#claims.get(lane.messageId) === lane;
  }

  /** Its claim is over: it went back unsent, or its outcome is safe. The next claim of the message may be here already. */
  released(lane: LaneMessage): void {
    if (this.holds(lane)) this.#claims.delete(lane.messageId);
    this.#wake();
  }

  /** Publishes; what the broker refuses is published again later. The broker's copy of the message goes when it has confirmed. */
  async report(outcome: OutcomeMessage, lane: LaneMessage): Promise<void> {
    const entry: Held = { outcome, lane, toldAtMs: Number.POSITIVE_INFINITY };
    this.#held.set(lane.messageId, entry);
    await this.#publish(entry);
  }

  /**
   * Compares with Postgres: forgets what is recorded, finds claims under our epoch of which this process knows nothing.
   * The answer to such a claim was lost on its way: it was never sent.
   */
  async reconcile(epoch: number): Promise<readonly ClaimKey[]> {
    const askedAtMs = performance.now();
    const claims = await claimsOf(this.#options.database, epoch);
    const open = new Map(claims.map(({ messageId, attempt }) => [messageId, attempt]));
    for (const [messageId, entry] of this.#held) {
      if (entry.toldAtMs > askedAtMs) continue;
      if (open.get(messageId) !== entry.outcome.body.attempt) this.#held.delete(messageId);
    }
    this.#wake();
    // Fenced while the answer was on its way: we know nothing of these claims any more, though we may have sent them.
    if (this.#options.currentEpoch() !== epoch) return [];
    return claims.filter(({ messageId }) => !this.#knows(messageId));
  }

  /** Publishes again what seems lost, by the last comparison with Postgres. */
  async reportAgain(): Promise<void> {
    const dueBeforeMs = performance.now() - this.#options.reportAgainMs;
    for (const entry of this.#held.values()) if (entry.toldAtMs < dueBeforeMs) await this.#publish(entry);
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

  async #publish(entry: Held): Promise<void> {
    const { outcome, lane } = entry;
    const trace = lane.traceparent === undefined ? {} : { traceparent: lane.traceparent };
    this.#unconfirmed.add(outcome);
    try {
      await this.#options.messaging.publishMany([{ ...outcome, ...trace }]);
    } finally {
      entry.toldAtMs = performance.now();
      this.#unconfirmed.delete(outcome);
      this.#wake();
    }
    this.released(lane);
    lane.settle();
  }

  #knows(messageId: MessageId): boolean {
    return this.#asked.has(messageId) || this.#claims.has(messageId) || this.#held.has(messageId);
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
