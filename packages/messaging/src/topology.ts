import type { AnyMessage, MessageKey } from '@mxflow/contracts';
import type { Channel } from 'amqplib';

/** Every message but the control ones is routed here by its key; what no queue wants comes back to its publisher. */
export const WORK_EXCHANGE = 'mxflow';

/** Announcements to every process. Nobody listening is no fault: they are hints, the database decides. */
export const CONTROL_EXCHANGE = 'mxflow.control';

export const CONTROL_KEYS = ['job.state-changed.v1'] as const satisfies readonly MessageKey[];

/** The queues that always exist, and the keys that each is bound to. */
export const QUEUES = {
  prepare: ['job.chunk-accepted.v1'],
  outcomes: ['delivery.sent.v1', 'delivery.deferred.v1', 'delivery.failed.v1'],
  redelivered: ['delivery.redelivered.v1'],
} as const satisfies Record<string, readonly MessageKey[]>;

/** Messages that no handler could use, with the reason in their headers; emptied by a person. */
export const PARKED_QUEUE = 'parked';

/** Keys on every lane. Lanes are bound to no exchange: released work is published to the queue itself. */
export const LANE_KEYS = ['delivery.requested.v1'] as const satisfies readonly MessageKey[];

export type FixedQueue = keyof typeof QUEUES;
const FIXED_QUEUES = Object.keys(QUEUES) as readonly FixedQueue[];

export type LaneQueue = `lane.${number}`;
export type QueueName = FixedQueue | LaneQueue;

/** The keys that may stand on a queue. */
export type KeyOn<Queue extends QueueName> = Queue extends FixedQueue
  ? (typeof QUEUES)[Queue][number]
  : (typeof LANE_KEYS)[number];

/** A message as it may stand on a queue: key and body belong together. */
export type MessageOn<Queue extends QueueName> = Extract<AnyMessage, { readonly key: KeyOn<Queue> }>;

export function laneQueue(laneId: number): LaneQueue {
  return `lane.${laneId}`;
}

export function isLane(queue: QueueName): queue is LaneQueue {
  return queue.startsWith('lane.');
}

export function keysOn(queue: QueueName): readonly MessageKey[] {
  return isLane(queue) ? LANE_KEYS : QUEUES[queue];
}

/**
 * Where a message without a queue of its own goes. `mandatory`: the broker gives it back when no queue takes it.
 */
export function routeOf(key: MessageKey): { readonly exchange: string; readonly mandatory: boolean } {
  return CONTROL_KEYS.some((controlKey) => controlKey === key)
    ? { exchange: CONTROL_EXCHANGE, mandatory: false }
    : { exchange: WORK_EXCHANGE, mandatory: true };
}

/** Declares exchanges, fixed queues, bindings and the given lanes. Safe to repeat; a broker without its data gets all anew. */
export async function assertTopology(channel: Channel, lanes: Iterable<LaneQueue>): Promise<void> {
  await channel.assertExchange(WORK_EXCHANGE, 'topic', { durable: true });
  await channel.assertExchange(CONTROL_EXCHANGE, 'fanout', { durable: true });
  await assertQuorumQueue(channel, PARKED_QUEUE);
  for (const queue of [...FIXED_QUEUES, ...lanes]) await assertWorkQueue(channel, queue);
}

/** Declares a queue of work with its bindings; a lane has none. */
export async function assertWorkQueue(channel: Channel, queue: QueueName): Promise<void> {
  await assertQuorumQueue(channel, queue);
  if (isLane(queue)) return;
  for (const key of QUEUES[queue]) await channel.bindQueue(queue, WORK_EXCHANGE, key);
}

async function assertQuorumQueue(channel: Channel, queue: string): Promise<void> {
  await channel.assertQueue(queue, {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': DELIVERY_LIMIT },
  });
}

/** One process's own queue of announcements; it goes with its consumer or its connection. Returns its name. */
export async function assertControlQueue(channel: Channel): Promise<string> {
  const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true, durable: false });
  await channel.bindQueue(queue, CONTROL_EXCHANGE, '');
  return queue;
}

/**
 * Returns to a queue before the broker drops a message: never, in practice. Left out it means 20 on newer brokers,
 * and -1 drops at the first return on older ones. Changing it makes every declaration of an existing queue fail (406).
 */
const DELIVERY_LIMIT = 2_000_000_000;
