import type { AnyMessage } from '@mxflow/contracts';
import type { ConsumeMessage } from 'amqplib';

import type { Activity } from './activity.ts';
import type { MessagingLogger, Received } from './messaging.ts';
import { PARKED_QUEUE } from './topology.ts';
import type { Parcel } from './publisher.ts';

/** What the life of a delivery needs from around it. */
export type DeliveryWorld = {
  readonly queue: string;
  readonly logger: MessagingLogger | undefined;
  /** Publishes with confirm. */
  readonly send: (parcel: Parcel) => Promise<void>;
  /** What keeps a consumption from ending: a move to another queue, until its original is acknowledged. */
  readonly activity: Activity;
  /** False once the delivery's channel has died: the broker then hands the message out anew, and nothing may be said about this one. */
  readonly alive: () => boolean;
  readonly acknowledge: (raw: ConsumeMessage) => void;
};

/** One message in hand, unacknowledged. */
export interface Delivery {
  readonly message: AnyMessage & Received;
  /** Throws of the handler so far. */
  throws: number;
  readonly takenAt: number;
  alive(): boolean;
  acknowledge(): void;
  /** Sets it aside for a person, then acknowledges. */
  park(reason: string): Promise<void>;
  /** Puts a fresh copy at the end of its queue, then acknowledges. */
  putBack(): Promise<void>;
}

export const PARKED_HEADERS = {
  queue: 'x-mxflow-queue',
  reason: 'x-mxflow-reason',
  error: 'x-mxflow-error',
  parkedAt: 'x-mxflow-parked-at',
} as const;

export class BrokerDelivery implements Delivery {
  readonly message: AnyMessage & Received;
  readonly takenAt = Date.now();
  throws = 0;
  readonly #raw: ConsumeMessage;
  readonly #world: DeliveryWorld;

  constructor(raw: ConsumeMessage, message: AnyMessage & Received, world: DeliveryWorld) {
    this.#raw = raw;
    this.message = message;
    this.#world = world;
  }

  alive(): boolean {
    return this.#world.alive();
  }

  acknowledge(): void {
    this.#world.acknowledge(this.#raw);
  }

  park(reason: string): Promise<void> {
    return parkRaw(this.#raw, this.#world, { reason });
  }

  putBack(): Promise<void> {
    const parcel = copyOf(this.#raw, this.#world.queue, traceHeaders(this.#raw));
    return moveThenAcknowledge(this.#raw, this.#world, parcel);
  }
}

export type ParkCause = { readonly reason: string; readonly error?: string };

/** Sets a message aside as it came. Its copy is confirmed before the original is acknowledged: at worst there are two. */
export function parkRaw(raw: ConsumeMessage, world: DeliveryWorld, { reason, error }: ParkCause): Promise<void> {
  world.logger?.warn({ queue: world.queue, key: keyOf(raw), reason, fault: error }, 'message parked');
  const headers = {
    ...traceHeaders(raw),
    [PARKED_HEADERS.queue]: world.queue,
    [PARKED_HEADERS.reason]: reason,
    [PARKED_HEADERS.parkedAt]: Date.now(),
    ...(error === undefined ? {} : { [PARKED_HEADERS.error]: error }),
  };
  return moveThenAcknowledge(raw, world, copyOf(raw, PARKED_QUEUE, headers));
}

/** The key travels as the message's type: on a queue of its own, the routing key is the queue's name. */
export function keyOf(raw: ConsumeMessage): string {
  const type: unknown = raw.properties.type;
  return typeof type === 'string' ? type : raw.fields.routingKey;
}

export function traceparentOf(raw: ConsumeMessage): string | undefined {
  const traceparent: unknown = raw.properties.headers?.['traceparent'];
  return typeof traceparent === 'string' ? traceparent : undefined;
}

function traceHeaders(raw: ConsumeMessage): Readonly<Record<string, unknown>> {
  const traceparent = traceparentOf(raw);
  return traceparent === undefined ? {} : { traceparent };
}

function copyOf(raw: ConsumeMessage, queue: string, headers: Readonly<Record<string, unknown>>): Parcel {
  return { exchange: '', routingKey: queue, mandatory: true, type: keyOf(raw), content: raw.content, headers };
}

async function moveThenAcknowledge(raw: ConsumeMessage, world: DeliveryWorld, parcel: Parcel): Promise<void> {
  world.activity.begin(1);
  try {
    await world.send(parcel);
    world.acknowledge(raw);
  } catch (error) {
    // It stays in hand, unacknowledged, and comes again when the channel is closed: nothing is lost.
    world.logger?.error({ queue: world.queue, err: error }, 'message could not be moved');
  } finally {
    world.activity.end(1);
  }
}
