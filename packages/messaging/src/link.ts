import { setTimeout as sleep } from 'node:timers/promises';

import { connect, type Channel, type ChannelModel } from 'amqplib';

import { BrokerUnreachableError, MessagingClosedError } from './errors.ts';
import { gatherWrites } from './gathered-writes.ts';
import type { MessagingLogger } from './messaging.ts';

export type LinkOptions = {
  readonly url: string;
  /** Shown in the broker's management. */
  readonly name: string;
  readonly logger: MessagingLogger | undefined;
  /** Brings a fresh connection into use; the link counts as up when it resolves, and is made anew when it rejects. */
  readonly setUp: (model: ChannelModel) => Promise<void>;
  /** Called each time the link has come up. */
  readonly onUp?: (model: ChannelModel) => void;
};

/**
 * One connection that comes back: connecting → setting up → up → lost → waiting → connecting, until disposed.
 *
 * amqplib's own recovery is not used: a connection lost during its set-up throws there, out of reach of any handler.
 */
export class Link implements AsyncDisposable {
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  #model: ChannelModel | undefined;
  #lastFault: unknown;
  #waiting: { resolve: (model: ChannelModel) => void; reject: (error: Error) => void }[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** The connection while it is up. */
  get current(): ChannelModel | undefined {
    return this.#model;
  }

  /** Connects; gives up after so many milliseconds if no broker answers, and never again later. */
  async open(firstTimeoutMs: number): Promise<void> {
    this.#running = this.#run();
    const gaveUp = Symbol('gave up');
    const timer = new AbortController();
    const first = await Promise.race([
      this.whenUp(),
      sleep(firstTimeoutMs, gaveUp, { signal: timer.signal }).catch(() => gaveUp),
    ]);
    timer.abort();
    if (first !== gaveUp) return;
    await this[Symbol.asyncDispose]();
    throw new BrokerUnreachableError(`expected a broker within ${firstTimeoutMs} ms, found none that answers`, {
      cause: this.#lastFault,
    });
  }

  /** The connection, as soon as there is one. */
  whenUp(): Promise<ChannelModel> {
    if (this.#model !== undefined) return Promise.resolve(this.#model);
    if (this.#closing.signal.aborted) return Promise.reject(closed());
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Runs `act` on a channel of its own; once more from the start when the connection is lost meanwhile. */
  async withChannel<T>(act: (channel: Channel) => Promise<T>): Promise<T> {
    for (;;) {
      const model = await this.whenUp();
      try {
        const channel = await model.createChannel();
        channel.on('error', ignoreChannelError);
        try {
          return await act(channel);
        } finally {
          // A fault closes the channel from the other side, and `act` has thrown it.
          await channel.close().catch(() => {});
        }
      } catch (error) {
        if (this.#model === model) throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const { reject } of this.#waiting.splice(0)) reject(closed());
    if (this.#model !== undefined)
      await Promise.race([closeQuietly(this.#model), sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    await Promise.race([this.#running, sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
  }

  async #run(): Promise<void> {
    const { name, logger } = this.#options;
    for (let failures = 0; !this.#closing.signal.aborted; failures += 1) {
      try {
        await this.#liveOnce(() => (failures = 0));
      } catch (error) {
        this.#lastFault = error;
        if (!this.#closing.signal.aborted) logger?.warn({ connection: name, err: error }, 'broker connection lost');
      }
      // Aborted only by closing, which ends the loop.
      await sleep(reconnectDelayMs(failures, Math.random()), undefined, { signal: this.#closing.signal }).catch(
        () => {},
      );
    }
  }

  /** One life of the connection; rejects when it ends. */
  async #liveOnce(nowUp: () => void): Promise<void> {
    const { url, name, logger, setUp, onUp } = this.#options;
    const model = await connect(withHeartbeat(url), {
      timeout: CONNECT_TIMEOUT_MS,
      noDelay: true,
      clientProperties: { connection_name: name },
    });
    gatherWrites(model);
    const lost = new Promise<never>((_resolve, reject) => {
      model.on('error', reject);
      model.on('close', (error?: Error) => reject(error ?? new Error('closed')));
    });
    try {
      await Promise.race([setUp(model), lost]);
      if (this.#closing.signal.aborted) return;
      this.#model = model;
      nowUp();
      logger?.info({ connection: name }, 'broker connected');
      for (const { resolve } of this.#waiting.splice(0)) resolve(model);
      onUp?.(model);
      await lost;
    } finally {
      this.#model = undefined;
      void closeQuietly(model);
    }
  }
}

const CONNECT_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 5_000;
const HEARTBEAT_SECONDS = 10;

/** 100 ms doubling to 5 s, spread over ±25 %: a broker that comes back is used again at once, by all, but not in one instant. */
function reconnectDelayMs(failures: number, jitter: number): number {
  return Math.min(5_000, 100 * 2 ** Math.min(failures, 10)) * (0.75 + jitter / 2);
}

function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS));
  return parsed.href;
}

/** A connection that is already gone cannot be closed, which is just as well. */
export async function closeQuietly(model: ChannelModel): Promise<void> {
  await model.close().catch(() => {});
}

/** The operation that caused it rejects with the same error. */
function ignoreChannelError(): void {}

function closed(): MessagingClosedError {
  return new MessagingClosedError('expected an open messaging, found it closed');
}
