import { holdEpoch, registerWorker, renewWorker, stopWorker, type Database, type EpochSession } from '@mxflow/db';
import type { Source } from '@mxflow/domain';
import type { ProcessContext } from '@mxflow/process';

/** This worker's life as Postgres sees it. */
export type EpochKeeper = AsyncDisposable & {
  readonly epoch: number;
  /** Whether anything may be sent now: the last renewal is young enough by our own monotonic clock. */
  alive(): boolean;
  /** Renews now, out of turn. */
  renew(): Promise<void>;
};

export type EpochOptions = {
  readonly database: Database;
  readonly databaseUrl: string;
  readonly name: string;
  readonly sources: readonly Source[];
  /** Milliseconds for which one renewal lets the worker send. */
  readonly lifeMs: number;
  /** Renewals ran out: cut off every connection now. Called once for each time that it happens. */
  readonly onExpired: () => void;
  /** Renewed: what Postgres said with it. */
  readonly onRenewed: (renewed: Renewed) => void;
  /** Something was announced to all workers, on a channel of Postgres. */
  readonly onNotification: (channel: string, payload: string) => void;
  /** The epoch was fenced: its claims are gone. */
  readonly onFenced: (newEpoch: number) => void;
  readonly context: ProcessContext;
};

/** The version of the rules in force, and the connections that this worker has above its part. */
export type Renewed = Extract<Awaited<ReturnType<typeof renewWorker>>, { readonly kind: 'renewed' }>;

/** Registers the worker, proves it alive by a session of its own, and renews. */
export async function keepEpoch(options: EpochOptions): Promise<EpochKeeper> {
  const keeper = new Keeper(options);
  await keeper.begin();
  return keeper;
}

/** How much earlier than the fencing we stop: covers the time between our clock reading and Postgres's. */
const RENEWALS_PER_LIFE = 4;

class Keeper implements EpochKeeper {
  readonly #options: EpochOptions;
  readonly #tasks = new AsyncDisposableStack();
  #epoch = 0;
  #session: EpochSession | undefined;
  #renewedAtMs = Number.NEGATIVE_INFINITY;
  #wallOffsetMs = wallOffset();
  #expired = false;
  /** One at a time: two that are told of one fencing would begin two epochs, and leave the first without renewal. */
  #renewing: Promise<unknown> = Promise.resolve();

  constructor(options: EpochOptions) {
    this.#options = options;
  }

  get epoch(): number {
    return this.#epoch;
  }

  alive(): boolean {
    return performance.now() - this.#renewedAtMs < this.#options.lifeMs;
  }

  async begin(): Promise<void> {
    this.#enter(await this.#register());
    const { context, lifeMs } = this.#options;
    // Goes on while the process stops: what is in hand may still be sent, and must be accounted for.
    const { signal } = new AbortController();
    this.#tasks.use(context.every(lifeMs / RENEWALS_PER_LIFE, () => this.renew(), { name: 'renew-epoch', signal }));
    const watch = setInterval(() => this.#watch(), Math.min(250, lifeMs / RENEWALS_PER_LIFE));
    this.#tasks.defer(() => clearInterval(watch));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks.disposeAsync();
    await stopWorker(this.#options.database, this.#epoch);
    await this.#session?.[Symbol.asyncDispose]();
  }

  async #register(): Promise<Life> {
    const { database, name, sources } = this.#options;
    const askedAtMs = performance.now();
    const epoch = await registerWorker(database, name, sources);
    await this.#holdSession(epoch);
    return { epoch, askedAtMs };
  }

  #enter({ epoch, askedAtMs }: Life): void {
    this.#epoch = epoch;
    this.#renewedAtMs = askedAtMs;
    this.#expired = false;
  }

  async #holdSession(epoch: number): Promise<void> {
    const { databaseUrl, context, onNotification } = this.#options;
    const session = await holdEpoch(databaseUrl, epoch, onNotification);
    this.#session = session;
    void session.lost.then(() => {
      if (this.#session !== session) return;
      this.#session = undefined;
      context.logger.warn({ epoch }, 'the session that proves this worker alive was lost');
    });
  }

  async renew(): Promise<void> {
    const renewed = this.#renewing.then(() => this.#renewOnce());
    this.#renewing = renewed.catch(() => {});
    await renewed;
  }

  async #renewOnce(): Promise<void> {
    // The proof comes first: a renewal without it would let a sweep take the worker for dead while it sends.
    if (this.#session === undefined) await this.#holdSession(this.#epoch);
    const askedAtMs = performance.now();
    const answer = await renewWorker(this.#options.database, this.#epoch);
    if (answer.kind === 'renewed') {
      // A renewal never revives: what ran out meanwhile has been cut off already.
      this.#renewedAtMs = askedAtMs;
      this.#expired = false;
      return this.#options.onRenewed(answer);
    }
    this.#expire('epoch fenced');
    const ended = this.#session;
    this.#session = undefined;
    await ended?.[Symbol.asyncDispose]();
    // In one tick: nothing of the last epoch is taken for something of this one, and where one could not be begun, the
    // next renewal is told again that the last one is over.
    this.#enter(await this.#register());
    this.#options.onFenced(this.#epoch);
  }

  #watch(): void {
    // A suspended host: the monotonic clock stood still while the world went on.
    const drifted = Math.abs(wallOffset() - this.#wallOffsetMs) > MAX_CLOCK_DRIFT_MS;
    this.#wallOffsetMs = wallOffset();
    if (drifted) this.#renewedAtMs = Number.NEGATIVE_INFINITY;
    if (!this.alive()) this.#expire(drifted ? 'clocks drifted apart' : 'no renewal in time');
  }

  #expire(because: string): void {
    this.#renewedAtMs = Number.NEGATIVE_INFINITY;
    if (this.#expired) return;
    this.#expired = true;
    this.#options.context.logger.warn({ epoch: this.#epoch, because }, 'nothing may be sent until the next renewal');
    this.#options.onExpired();
  }
}

/** An epoch, and when it was asked for: monotonic ms. */
type Life = { readonly epoch: number; readonly askedAtMs: number };

const MAX_CLOCK_DRIFT_MS = 1000;

function wallOffset(): number {
  return Date.now() - performance.now();
}
