import { setTimeout as sleep } from 'node:timers/promises';

import type { MessageKey } from '@mxflow/contracts';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';

import { AckWindow } from './ack-window.ts';
import type { Activity } from './activity.ts';
import { decode } from './decode.ts';
import { BrokerDelivery, keyOf, parkRaw, traceparentOf, type Delivery, type DeliveryWorld } from './delivery.ts';
import type { HandOut } from './hand-out.ts';
import type { Link } from './link.ts';
import type { MessagingLogger } from './messaging.ts';
import type { Parcel } from './publisher.ts';

export type SubscriptionOptions = {
  readonly link: Link;
  readonly logger: MessagingLogger | undefined;
  /** Publishes with confirm. */
  readonly send: (parcel: Parcel) => Promise<void>;
  /** Makes sure of the queue and names it. `deletedBefore`: it was there and somebody deleted it, so only look. */
  readonly declare: (channel: Channel, deletedBefore: boolean) => Promise<string>;
  readonly keys: readonly MessageKey[];
  readonly prefetch: number;
  readonly take: (delivery: Delivery) => void;
  readonly handOut: HandOut;
  /** What is under way in handlers; moves to other queues are added to it. */
  readonly activity: Activity;
  readonly onStopped: () => void;
};

/** One life of the channel. Deliveries belong to it: their tags mean nothing on another. */
type Session = {
  readonly channel: Channel;
  readonly queue: string;
  readonly acks: AckWindow<ConsumeMessage>;
  consumerTag: string;
  alive: boolean;
  ackScheduled: boolean;
};

/**
 * Consumes one queue: detached → attached (a channel with a consumer) → channel lost → detached → …, until stopped.
 * It attaches whenever the link comes up, and once a second while only its channel is missing.
 */
export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #firstAttached = Promise.withResolvers<void>();
  #prefetch: number;
  #session: Session | undefined;
  #attachingTo: ChannelModel | undefined;
  #queueDeleted = false;
  #stopped = false;
  #changing: Promise<void> = Promise.resolve();

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#prefetch = options.prefetch;
  }

  /** Consuming, or nothing there to consume. */
  get healthy(): boolean {
    return this.#session !== undefined || this.#queueDeleted;
  }

  whenAttached(): Promise<void> {
    return this.#firstAttached.promise;
  }

  async attach(model: ChannelModel): Promise<void> {
    if (this.#attachingTo === model || this.#session !== undefined) return;
    this.#attachingTo = model;
    for (let failures = 0; !this.#stopped && this.#options.link.current === model; failures += 1) {
      try {
        await this.#openSession(model);
        this.#firstAttached.resolve();
        break;
      } catch (error) {
        if (failures === 0)
          this.#options.logger?.warn({ err: error, keys: this.#options.keys }, 'queue cannot be consumed yet');
        await sleep(REATTACH_MS);
      }
    }
    if (this.#attachingTo === model) this.#attachingTo = undefined;
  }

  async setPrefetch(prefetch: number): Promise<void> {
    this.#changing = this.#changing.then(() => this.#changePrefetch(prefetch));
    await this.#changing;
  }

  async stop(deadlineMs: number): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#firstAttached.resolve();
    const session = this.#session;
    // A channel that has died meanwhile needs no cancelling and no closing.
    if (session !== undefined) await within(CHANNEL_TIMEOUT_MS, session.channel.cancel(session.consumerTag));
    this.#options.handOut.halt();
    await this.#options.activity.idle(deadlineMs);
    if (session?.alive === true) {
      this.#sendAcks(session);
      this.#session = undefined;
      session.alive = false;
      await within(CHANNEL_TIMEOUT_MS, session.channel.close());
    }
    this.#options.onStopped();
  }

  async #openSession(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel();
    channel.on('error', (error) =>
      this.#options.logger?.warn({ err: error }, 'consuming channel closed by the broker'),
    );
    const queue = await this.#options.declare(channel, this.#queueDeleted);
    const session: Session = {
      channel,
      queue,
      acks: new AckWindow(),
      consumerTag: '',
      alive: true,
      ackScheduled: false,
    };
    channel.on('close', () => this.#lost(session, model));
    await this.#consume(session);
    // Nobody else looks at a channel that died before it was in use.
    if (!session.alive) throw new Error('expected an open channel, found it closed by the broker');
    this.#queueDeleted = false;
    this.#session = session;
  }

  async #consume(session: Session): Promise<void> {
    await session.channel.prefetch(this.#prefetch);
    const world = this.#worldOf(session);
    const { consumerTag } = await session.channel.consume(session.queue, (raw) => {
      if (raw === null) this.#cancelledByBroker(session);
      else this.#receive(raw, world);
    });
    session.consumerTag = consumerTag;
  }

  #worldOf(session: Session): DeliveryWorld {
    const { logger, send, activity } = this.#options;
    return {
      queue: session.queue,
      logger,
      send,
      activity,
      alive: () => session.alive,
      acknowledge: (raw) => this.#acknowledge(session, raw),
    };
  }

  #receive(raw: ConsumeMessage, world: DeliveryWorld): void {
    const decoded = decode(keyOf(raw), raw.content, this.#options.keys);
    if (decoded.kind === 'poison') {
      void parkRaw(raw, world, decoded);
      return;
    }
    const traceparent = traceparentOf(raw);
    const received = { redelivered: raw.fields.redelivered, ...(traceparent === undefined ? {} : { traceparent }) };
    this.#options.take(new BrokerDelivery(raw, { ...decoded.message, ...received }, world));
  }

  #acknowledge(session: Session, raw: ConsumeMessage): void {
    if (!session.alive) return;
    session.acks.settle(raw.fields.deliveryTag, raw);
    if (session.ackScheduled) return;
    session.ackScheduled = true;
    setImmediate(() => this.#sendAcks(session));
  }

  #sendAcks(session: Session): void {
    session.ackScheduled = false;
    if (!session.alive) return;
    const { allUpTo, singly } = session.acks.take();
    try {
      if (allUpTo !== undefined) session.channel.ack(allUpTo, true);
      for (const raw of singly) session.channel.ack(raw);
    } catch (error) {
      // Its close event is on the way; what was not acknowledged comes again.
      this.#options.logger?.warn({ err: error, queue: session.queue }, 'acknowledgements lost with their channel');
    }
  }

  /** Somebody deleted the queue. */
  #cancelledByBroker(session: Session): void {
    this.#queueDeleted = true;
    this.#options.logger?.warn({ queue: session.queue }, 'queue deleted while it was consumed');
    void within(CHANNEL_TIMEOUT_MS, session.channel.close());
  }

  #lost(session: Session, model: ChannelModel): void {
    session.alive = false;
    if (this.#session !== session) return;
    this.#session = undefined;
    void sleep(REATTACH_MS).then(() => this.attach(model));
  }

  async #changePrefetch(prefetch: number): Promise<void> {
    if (prefetch === this.#prefetch) return;
    this.#prefetch = prefetch;
    const session = this.#session;
    if (session === undefined || this.#stopped) return;
    try {
      await session.channel.cancel(session.consumerTag);
      if (!this.#stopped) await this.#consume(session);
    } catch (error) {
      // The next channel takes the new figure.
      if (session.alive) throw error;
    }
  }
}

const REATTACH_MS = 1_000;
const CHANNEL_TIMEOUT_MS = 2_000;

/** Waits for a farewell to the broker, but not for ever; that it failed means that there is nothing left to take leave of. */
async function within(timeoutMs: number, farewell: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([farewell.catch(() => {}), sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => {})]);
  timer.abort();
}
