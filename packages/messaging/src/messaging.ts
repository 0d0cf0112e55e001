import type { AnyMessage, Message, MessageKey } from '@mxflow/contracts';

import type { ParkedMessage, Replay } from './parked.ts';
import type { CONTROL_KEYS, LaneQueue, MessageOn, QueueName } from './topology.ts';
import type { Verdict } from './verdict.ts';

/** The part of a pino logger that is used. */
export type MessagingLogger = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

export type MessagingOptions = {
  /** `amqp://user:password@host:port/vhost`. */
  readonly url: string;
  /** The connections' name in the broker's management: the service, and which of them. */
  readonly name: string;
  readonly logger?: MessagingLogger;
  /** Called with the broker's reason when an alarm blocks publishing, with `undefined` when it is lifted. */
  readonly onBlocked?: (reason: string | undefined) => void;
  /** Milliseconds until the first connection is given up; later ones are tried for ever. Default 60,000. */
  readonly firstConnectTimeoutMs?: number;
  /** Messages published and not yet confirmed; further ones wait their turn. Default 10,000. */
  readonly maxUnconfirmed?: number;
  /** Milliseconds after which an overdue confirm ends the connection, so that its messages are sent again. Default 30,000. */
  readonly confirmTimeoutMs?: number;
  /** Checks each body against its schema before it is sent. Default true. */
  readonly validateOutgoing?: boolean;
  /** Milliseconds that closing waits for confirms. Default 5,000. */
  readonly drainMs?: number;
  /** For tests of idempotence: every message is given to its handler twice. Default false. */
  readonly deliverTwice?: boolean;
};

export type PublishOptions = {
  /** Straight to this queue instead of by the key. Released work goes to its lane so. */
  readonly queue?: QueueName;
  /** W3C traceparent; that of the span in force when left out. */
  readonly traceparent?: string;
};

/** One message of many: key and body belong together. */
export type Outgoing = AnyMessage & PublishOptions;

export type Received = {
  /** The broker handed it out before; nobody knows what became of it then. */
  readonly redelivered: boolean;
  /** W3C traceparent of the publisher. */
  readonly traceparent?: string;
};

export type ConsumedMessage<Queue extends QueueName> = MessageOn<Queue> & Received;
export type ControlMessage = Extract<AnyMessage, { readonly key: (typeof CONTROL_KEYS)[number] }> & Received;

export type ConsumeOptions<Queue extends QueueName> = {
  readonly queue: Queue;
  /** Messages held unacknowledged at once: 1 to 65,535. The handler runs for all of them concurrently. */
  readonly prefetch: number;
  /** Runs inside the publisher's trace. A throw means `later`, with a growing delay. */
  readonly handler: (message: ConsumedMessage<Queue>) => Promise<Verdict>;
};

export type ConsumeBatchOptions<Queue extends QueueName> = {
  readonly queue: Queue;
  /** Messages held unacknowledged at once: 1 to 65,535; twice `maxBatch` keeps the next batch ready. */
  readonly prefetch: number;
  readonly maxBatch: number;
  /** How long the first message of a batch waits for company. */
  readonly maxWaitMs: number;
  /** One batch at a time. Returns a verdict for each message, in their order. A throw means `later` for all of them. */
  readonly handler: (messages: readonly ConsumedMessage<Queue>[]) => Promise<readonly Verdict[]>;
};

export type Consumption = AsyncDisposable & {
  /**
   * Takes no more messages, waits until the handlers in hand have given their verdict or the deadline is over
   * (default 10,000 ms), then lets go: what is unsettled goes back to the broker and comes again, redelivered.
   */
  stop(deadlineMs?: number): Promise<void>;
};

export type LaneConsumption = Consumption & {
  /** Changes how many may be held from now on; what is in hand stays there and counts no more. */
  setPrefetch(prefetch: number): Promise<void>;
};

export type Health = {
  readonly publishing: boolean;
  /** The connection is up and every consumption has its channel. */
  readonly consuming: boolean;
  /** An alarm of the broker (memory, disk) holds up all publishing; consuming goes on. */
  readonly blocked: boolean;
};

/** One process's way to the broker: a connection to publish on, another to consume on, both of which come back by themselves. */
export type Messaging = AsyncDisposable & {
  /**
   * Resolves when the broker has confirmed. A restart of the broker only makes it take longer: the message is kept and
   * sent again, so it may arrive twice. Rejects with UnroutableError, ContractError or MessagingClosedError.
   */
  publish<Key extends MessageKey>(key: Key, body: Message<Key>, options?: PublishOptions): Promise<void>;
  /** Resolves when all are confirmed; rejects with the first fault once all are settled. */
  publishMany(messages: readonly Outgoing[]): Promise<void>;
  /** Accepted and not yet confirmed. */
  readonly unconfirmed: number;
  readonly blocked: boolean;
  consume<Queue extends QueueName>(options: ConsumeOptions<Queue>): Promise<LaneConsumption>;
  consumeBatch<Queue extends QueueName>(options: ConsumeBatchOptions<Queue>): Promise<LaneConsumption>;
  /** Announcements to every process. A throw is logged and the message forgotten: it was a hint. */
  consumeControl(handler: (message: ControlMessage) => Promise<void> | void): Promise<Consumption>;
  /** Makes sure the lane's queue exists, now and after every reconnect. */
  declareLane(laneId: number): Promise<LaneQueue>;
  /** Deletes the lane's queue with what is on it. */
  deleteLane(laneId: number): Promise<void>;
  /** Messages ready on a queue, those in hand not counted; `undefined` where it does not exist. */
  queueDepth(queue: QueueName | 'parked'): Promise<number | undefined>;
  listParked(limit: number): Promise<readonly ParkedMessage[]>;
  /** Puts parked messages back on the queue they came from; those whose queue is gone stay parked. */
  replayParked(limit: number): Promise<Replay>;
  health(): Health;
};
