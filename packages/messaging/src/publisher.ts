import type { ChannelModel, ConfirmChannel, Message, Options } from 'amqplib';

import { MessagingClosedError, UnroutableError } from './errors.ts';
import { closeQuietly } from './link.ts';

/** A message ready for the wire. */
export type Parcel = {
  readonly exchange: string;
  readonly routingKey: string;
  /** The broker gives it back when no queue takes it, and it fails. */
  readonly mandatory: boolean;
  /** The message's key, wherever it is routed. */
  readonly type: string;
  readonly content: Buffer;
  readonly headers?: Readonly<Record<string, unknown>>;
};

/** Called once: without an argument when the broker has confirmed. */
export type Settle = (error?: Error) => void;

type Entry = { readonly parcel: Parcel; readonly settle: Settle; returned: boolean; writtenAtMs: number };

export type PublisherOptions = {
  readonly maxUnconfirmed: number;
  /** A connection on which a confirm is overdue by so long is given up, and what it owes is sent again on the next. */
  readonly confirmTimeoutMs: number;
  /** The broker has said that it takes nothing for now: it owes no confirm. */
  readonly blocked: () => boolean;
  /** Such a connection is given up. */
  readonly onOverdue: () => void;
};

/**
 * Publishes with confirms. A parcel is: waiting for room → accepted → on the wire → confirmed. A lost channel puts what
 * is on the wire back to accepted, and it is sent again on the next one: at least once, in order but for those sent again.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  #unconfirmed = 0;
  /** Each is given the place of a settled one. */
  readonly #waitingForRoom: (() => void)[] = [];
  readonly #onWire = new Map<string, Entry>();
  #offWire: Entry[] = [];
  #channel: ConfirmChannel | undefined;
  #sequence = 0;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #whenDrained: (() => void) | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  get unconfirmed(): number {
    return this.#unconfirmed;
  }

  get ready(): boolean {
    return this.#channel !== undefined;
  }

  /** Resolves when the broker has confirmed. */
  async send(parcel: Parcel): Promise<void> {
    if (this.#full()) await this.#room();
    else this.#unconfirmed += 1;
    await new Promise<void>((resolve, reject) => {
      this.#accept(parcel, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }

  /** Resolves when all are confirmed; with the first error once all are settled. Parcels are made one at a time, as there is room. */
  async sendAll<T>(items: readonly T[], makeParcel: (item: T) => Parcel): Promise<void> {
    let open = items.length + 1;
    let firstError: Error | undefined;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const settle: Settle = (error) => {
      firstError ??= error;
      open -= 1;
      if (open > 0) return;
      if (firstError === undefined) resolve();
      else reject(firstError);
    };
    for (const item of items) {
      let parcel: Parcel;
      try {
        parcel = makeParcel(item);
      } catch (error) {
        settle(error instanceof Error ? error : new Error(String(error)));
        continue;
      }
      if (this.#full()) await this.#room();
      else this.#unconfirmed += 1;
      this.#accept(parcel, settle);
    }
    settle();
    await promise;
  }

  /** Brings a connection into use: everything off the wire goes out on it. Should its channel die, the connection is closed. */
  async attach(model: ChannelModel): Promise<void> {
    const channel = await model.createConfirmChannel();
    // The error is followed by a close; what was on the wire then comes back through its confirm callbacks.
    channel.on('error', () => {});
    const watch = this.#watchConfirms(model);
    channel.on('close', () => {
      clearInterval(watch);
      if (this.#channel === channel) this.#channel = undefined;
      void closeQuietly(model);
    });
    channel.on('return', (message: Message) => this.#markReturned(message));
    this.#channel = channel;
    this.#flush();
  }

  /**
   * A broker that has just started may take a message and never confirm it, while it confirms later ones: the queue had
   * no leader when it came.
   */
  #watchConfirms(model: ChannelModel): NodeJS.Timeout {
    const { confirmTimeoutMs, blocked, onOverdue } = this.#options;
    let owedFromMs = 0;
    const watch = setInterval(() => {
      if (blocked()) owedFromMs = performance.now();
      const [oldest] = this.#onWire.values();
      if (oldest === undefined) return;
      if (performance.now() - Math.max(oldest.writtenAtMs, owedFromMs) <= confirmTimeoutMs) return;
      clearInterval(watch);
      onOverdue();
      void closeQuietly(model);
    }, confirmTimeoutMs / 4);
    return watch.unref();
  }

  /** Waits for the confirms; what is unsettled after the deadline fails. Nothing is accepted from now on. */
  async close(deadlineMs: number): Promise<void> {
    this.#closed = true;
    if (this.#unconfirmed > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#whenDrained = resolve;
      const timer = setTimeout(resolve, deadlineMs);
      await promise;
      clearTimeout(timer);
    }
    clearTimeout(this.#retry);
    this.#channel = undefined;
    const unsettled = [...this.#onWire.values(), ...this.#offWire];
    this.#onWire.clear();
    this.#offWire = [];
    for (const entry of unsettled)
      this.#settle(entry, new MessagingClosedError('expected a confirm, found none before closing'));
  }

  #full(): boolean {
    return this.#unconfirmed >= this.#options.maxUnconfirmed;
  }

  #room(): Promise<void> {
    return new Promise((resolve) => this.#waitingForRoom.push(resolve));
  }

  #accept(parcel: Parcel, settle: Settle): void {
    const entry: Entry = { parcel, settle, returned: false, writtenAtMs: 0 };
    if (this.#closed) this.#settle(entry, new MessagingClosedError('expected an open messaging, found it closed'));
    else if (this.#channel === undefined) this.#offWire.push(entry);
    else this.#write(this.#channel, entry);
  }

  #write(channel: ConfirmChannel, entry: Entry): void {
    this.#sequence += 1;
    const messageId = this.#sequence.toString(36);
    entry.returned = false;
    entry.writtenAtMs = performance.now();
    this.#onWire.set(messageId, entry);
    const { exchange, routingKey, content, mandatory, type, headers } = entry.parcel;
    const options: Options.Publish = { persistent: true, mandatory, type, messageId, headers };
    try {
      channel.publish(exchange, routingKey, content, options, (error: unknown) =>
        this.#answered(messageId, error === null),
      );
    } catch {
      // The channel has died and its close event is on the way: the next channel takes it.
      this.#answered(messageId, false);
    }
  }

  #answered(messageId: string, confirmed: boolean): void {
    const entry = this.#onWire.get(messageId);
    if (entry === undefined) return;
    this.#onWire.delete(messageId);
    if (!confirmed) this.#takeBack(entry);
    else if (entry.returned) this.#settle(entry, unroutable(entry.parcel));
    else this.#settle(entry);
  }

  /** A channel lost is followed by another, which flushes; a refusal (the queue has no leader just now) is tried again after a moment. */
  #takeBack(entry: Entry): void {
    this.#offWire.push(entry);
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#flush();
    }, REFUSED_RETRY_MS);
  }

  #flush(): void {
    const entries = this.#offWire;
    this.#offWire = [];
    for (const entry of entries) {
      if (this.#channel === undefined) this.#offWire.push(entry);
      else this.#write(this.#channel, entry);
    }
  }

  /** The return precedes the confirm of the same message. */
  #markReturned(message: Message): void {
    const messageId: unknown = message.properties.messageId;
    const entry = typeof messageId === 'string' ? this.#onWire.get(messageId) : undefined;
    if (entry !== undefined) entry.returned = true;
  }

  #settle(entry: Entry, error?: Error): void {
    const next = this.#waitingForRoom.shift();
    if (next === undefined) this.#unconfirmed -= 1;
    else next();
    entry.settle(error);
    if (this.#unconfirmed === 0) this.#whenDrained?.();
  }
}

const REFUSED_RETRY_MS = 250;

function unroutable({ exchange, routingKey, type }: Parcel): UnroutableError {
  const by = exchange === '' ? `queue ${routingKey}` : `a queue bound to ${exchange} by ${routingKey}`;
  return new UnroutableError(`expected ${by} for ${type}, found none`);
}
