import { claimsOf, type Database } from '@mxflow/db';
import type { MessageId } from '@mxflow/domain';
import type { Messaging } from '@mxflow/messaging';
import type { OutcomeMessage } from './attempt-outcome.ts';

/**
 * Where outcomes wait until they are safe. An outcome is published with confirms, and kept in memory until Postgres
 * shows it recorded: a broker that loses its data then costs nothing.
 */
export type OutcomeDesk = {
  /** Messages claimed and not yet confirmed, in whatever stage. */
  readonly inHand: number;
  /** How many more messages may be claimed, with so many connections open. */
  room(openConnections: number): number;
  /** Whether another MAIL may be sent: the broker takes outcomes, and not too many of them are unconfirmed. */
  mayStart(): boolean;
  /** Resolves when `mayStart` may have become true. */
  untilRoom(): Promise<void>;
  /** A message was claimed under this epoch. */
  claimed(messageId: MessageId): void;
  /** It went back unsent. */
  released(messageId: MessageId): void;
  /** Publishes; resolves when the broker has confirmed. */
  report(outcome: OutcomeMessage, traceparent: string | undefined): Promise<void>;
  /** Compares with Postgres: forgets what is recorded, publishes again what seems lost, finds claims nobody here knows. */
  reconcile(epoch: number): Promise<readonly UnknownClaim[]>;
  /** The epoch was fenced: everything in hand is somebody else's now. */
  forgetClaims(): void;
  /** Resolves when every reported outcome is confirmed. */
  drained(): Promise<void>;
};

/** A claim under our epoch of which this process knows nothing: its answer was lost on the way. Never sent. */
export type UnknownClaim = { readonly messageId: MessageId; readonly attempt: number };

/** Outcomes published and not confirmed, beyond which no MAIL is sent. */
const MAX_UNCONFIRMED = 64;
/** Outcomes confirmed and not recorded, beyond which no MAIL is sent: the recorder is far behind. */
const MAX_UNRECORDED = 20_000;
/** A confirmed outcome that is not recorded after so long is published again. */
const LOST_AFTER_MS = 20_000;

type Held = { readonly outcome: OutcomeMessage; confirmedAtMs: number };

export function createOutcomeDesk({
  database,
  messaging,
}: {
  readonly database: Database;
  readonly messaging: Messaging;
}): OutcomeDesk {
  const claims = new Set<MessageId>();
  const unconfirmed = new Set<MessageId>();
  const held = new Map<MessageId, Held>();
  let suspects = new Set<MessageId>();
  let wakers: (() => void)[] = [];
  const wake = (): void => {
    const woken = wakers;
    wakers = [];
    for (const resolve of woken) resolve();
  };

  const publish = async (outcome: OutcomeMessage, traceparent?: string): Promise<void> => {
    const { messageId } = outcome.body;
    unconfirmed.add(messageId as MessageId);
    await messaging.publishMany([{ ...outcome, ...(traceparent === undefined ? {} : { traceparent }) }]);
    unconfirmed.delete(messageId as MessageId);
    wake();
  };

  return {
    get inHand() {
      return claims.size;
    },
    room: (openConnections) => openConnections + MAX_UNCONFIRMED - claims.size,
    mayStart: () => !messaging.blocked && unconfirmed.size < MAX_UNCONFIRMED && held.size < MAX_UNRECORDED,
    untilRoom: () => new Promise((resolve) => wakers.push(resolve)),
    claimed: (messageId) => void claims.add(messageId),
    released: (messageId) => {
      claims.delete(messageId);
      wake();
    },
    report: async (outcome, traceparent) => {
      const messageId = outcome.body.messageId as MessageId;
      const entry: Held = { outcome, confirmedAtMs: Number.POSITIVE_INFINITY };
      held.set(messageId, entry);
      await publish(outcome, traceparent);
      entry.confirmedAtMs = performance.now();
      claims.delete(messageId);
      wake();
    },
    reconcile: async (epoch) => {
      const askedAtMs = performance.now();
      const open = new Map((await claimsOf(database, epoch)).map((claim) => [claim.messageId, claim.attempt]));
      for (const [messageId, { outcome, confirmedAtMs }] of held) {
        if (confirmedAtMs > askedAtMs) continue;
        if (open.get(messageId) !== outcome.body.attempt) held.delete(messageId);
        else if (askedAtMs - confirmedAtMs > LOST_AFTER_MS) await republish(outcome);
      }
      wake();
      return findUnknown(open);
    },
    forgetClaims: () => {
      claims.clear();
      held.clear();
      wake();
    },
    drained: async () => {
      while (unconfirmed.size > 0) await new Promise<void>((resolve) => wakers.push(resolve));
    },
  };

  async function republish(outcome: OutcomeMessage): Promise<void> {
    const entry = held.get(outcome.body.messageId as MessageId);
    await publish(outcome);
    if (entry !== undefined) entry.confirmedAtMs = performance.now();
  }

  /** A claim counts as unknown when two comparisons in a row find it so: one alone may have met it on its way here. */
  function findUnknown(open: ReadonlyMap<MessageId, number>): readonly UnknownClaim[] {
    const strangers = [...open].filter(([messageId]) => !claims.has(messageId) && !held.has(messageId));
    const unknown = strangers.filter(([messageId]) => suspects.has(messageId));
    suspects = new Set(strangers.map(([messageId]) => messageId));
    return unknown.map(([messageId, attempt]) => ({ messageId, attempt }));
  }
}
