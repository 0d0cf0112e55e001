import type { Static } from 'typebox';
import { DeliveryDeferred, DeliveryFailed, DeliveryRedelivered, DeliveryRequested, DeliverySent } from './delivery.ts';
import { JobChunkAccepted, JobStateChanged } from './job-events.ts';

/**
 * Every message on the broker, by versioned routing key. A change that a running consumer would misread is a new key,
 * published beside the old until the queue of the old is empty.
 */
export const MESSAGES = {
  'job.chunk-accepted.v1': JobChunkAccepted,
  'job.state-changed.v1': JobStateChanged,
  'delivery.requested.v1': DeliveryRequested,
  'delivery.redelivered.v1': DeliveryRedelivered,
  'delivery.sent.v1': DeliverySent,
  'delivery.deferred.v1': DeliveryDeferred,
  'delivery.failed.v1': DeliveryFailed,
} as const;

export type MessageKey = keyof typeof MESSAGES;
export type Message<Key extends MessageKey> = Static<(typeof MESSAGES)[Key]>;

/** A message with its key, as consumers get it. */
export type AnyMessage = {
  readonly [Key in MessageKey]: { readonly key: Key; readonly body: Message<Key> };
}[MessageKey];
