import type { MessageKey } from '@mxflow/contracts';
import type { Channel } from 'amqplib';

import { Activity } from './activity.ts';
import type { Delivery } from './delivery.ts';
import { handOutInBatches } from './hand-out-batches.ts';
import { handOutSingly, type HandOut } from './hand-out.ts';
import type { Link } from './link.ts';
import type {
  ConsumeBatchOptions,
  ConsumedMessage,
  ConsumeOptions,
  Consumption,
  ControlMessage,
  LaneConsumption,
  MessagingLogger,
} from './messaging.ts';
import type { Parcel } from './publisher.ts';
import { Subscription } from './subscription.ts';
import { assertControlQueue, assertWorkQueue, CONTROL_KEYS, isLane, keysOn, type QueueName } from './topology.ts';
import { runWithin } from './trace-context.ts';
import { takeTwice } from './twice.ts';
import { done } from './verdict.ts';

/** What consumptions of one process share. */
export type ConsumingWorld = {
  readonly link: Link;
  readonly logger: MessagingLogger | undefined;
  /** Those that are to be attached whenever the link comes up. */
  readonly subscriptions: Set<Subscription>;
  readonly send: (parcel: Parcel) => Promise<void>;
  readonly deliverTwice: boolean;
};

export async function consumeSingly<Queue extends QueueName>(
  world: ConsumingWorld,
  { queue, prefetch, handler }: ConsumeOptions<Queue>,
): Promise<LaneConsumption> {
  const activity = new Activity();
  const handOut = handOutSingly({
    activity,
    onThrow: logThrow(world, queue),
    handler: ({ message }) => runWithin(message.traceparent, () => handler(asOn<Queue>(message))),
  });
  return begin(world, { declare: declareQueue(queue), keys: keysOn(queue), prefetch, handOut, activity });
}

export async function consumeBatch<Queue extends QueueName>(
  world: ConsumingWorld,
  { queue, prefetch, maxBatch, maxWaitMs, handler }: ConsumeBatchOptions<Queue>,
): Promise<LaneConsumption> {
  const activity = new Activity();
  const handOut = handOutInBatches({
    activity,
    // A batch can never be larger than what may be held.
    maxBatch: Math.min(maxBatch, prefetch),
    maxWaitMs,
    onThrow: logThrow(world, queue),
    handler: (deliveries) => handler(deliveries.map(({ message }) => asOn<Queue>(message))),
  });
  return begin(world, { declare: declareQueue(queue), keys: keysOn(queue), prefetch, handOut, activity });
}

export async function consumeControl(
  world: ConsumingWorld,
  handler: (message: ControlMessage) => Promise<void> | void,
): Promise<Consumption> {
  const activity = new Activity();
  const onThrow = logThrow(world, 'control');
  const handOut = handOutSingly({
    activity,
    onThrow,
    async handler({ message }) {
      try {
        if (isControl(message)) await runWithin(message.traceparent, () => handler(message));
      } catch (error) {
        onThrow(error);
      }
      return done;
    },
  });
  return begin(world, {
    declare: assertControlQueue,
    keys: CONTROL_KEYS,
    prefetch: CONTROL_PREFETCH,
    handOut,
    activity,
  });
}

const CONTROL_PREFETCH = 100;
const STOP_DEADLINE_MS = 10_000;

type Beginning = {
  readonly declare: (channel: Channel, deletedBefore: boolean) => Promise<string>;
  readonly keys: readonly MessageKey[];
  readonly prefetch: number;
  readonly handOut: HandOut;
  readonly activity: Activity;
};

async function begin(world: ConsumingWorld, beginning: Beginning): Promise<LaneConsumption> {
  const { link, logger, send, subscriptions, deliverTwice } = world;
  const take = (delivery: Delivery): void => beginning.handOut.take(delivery);
  const subscription: Subscription = new Subscription({
    ...beginning,
    link,
    logger,
    send,
    take: deliverTwice ? takeTwice(take) : take,
    onStopped: () => subscriptions.delete(subscription),
  });
  subscriptions.add(subscription);
  if (link.current !== undefined) void subscription.attach(link.current);
  await subscription.whenAttached();
  return {
    stop: (deadlineMs = STOP_DEADLINE_MS) => subscription.stop(deadlineMs),
    setPrefetch: (prefetch) => subscription.setPrefetch(prefetch),
    [Symbol.asyncDispose]: () => subscription.stop(STOP_DEADLINE_MS),
  };
}

/** A lane that somebody deleted is not made again here: its rule is gone, and only the dispatcher makes lanes. */
function declareQueue(queue: QueueName): Beginning['declare'] {
  return async (channel, deletedBefore) => {
    if (deletedBefore && isLane(queue)) await channel.checkQueue(queue);
    else await assertWorkQueue(channel, queue);
    return queue;
  };
}

function logThrow({ logger }: ConsumingWorld, queue: string): (error: unknown) => void {
  return (error) => logger?.error({ err: error, queue }, 'handler threw');
}

/** Keys other than the queue's own never come this far: `decode` parks them. */
function asOn<Queue extends QueueName>(message: Delivery['message']): ConsumedMessage<Queue> {
  return message as ConsumedMessage<Queue>;
}

function isControl(message: Delivery['message']): message is ControlMessage {
  return CONTROL_KEYS.some((key) => key === message.key);
}
