import { MESSAGES, type AnyMessage, type MessageKey } from '@mxflow/contracts';
import { Compile } from 'typebox/schema';

/** Whether a body has the shape that its key promises. Compiled once for each key. */
export function fitsContract(key: MessageKey, body: unknown): boolean {
  return CHECKS[key].Check(body);
}

/** Where a body departs from its schema, as a JSON pointer and what was expected; for people to read. */
export function firstFault(key: MessageKey, body: unknown): string {
  const [, [fault]] = CHECKS[key].Errors(body);
  return fault === undefined
    ? 'fits its schema'
    : `${fault.instancePath === '' ? '/' : fault.instancePath} ${fault.message}`;
}

/** Pairs a key with a body that was checked against it: the one place that may say so. */
export function asMessage(key: MessageKey, body: unknown): AnyMessage {
  return { key, body } as AnyMessage;
}

const CHECKS = {
  'job.chunk-accepted.v1': Compile(MESSAGES['job.chunk-accepted.v1']),
  'job.state-changed.v1': Compile(MESSAGES['job.state-changed.v1']),
  'delivery.requested.v1': Compile(MESSAGES['delivery.requested.v1']),
  'delivery.redelivered.v1': Compile(MESSAGES['delivery.redelivered.v1']),
  'delivery.sent.v1': Compile(MESSAGES['delivery.sent.v1']),
  'delivery.deferred.v1': Compile(MESSAGES['delivery.deferred.v1']),
  'delivery.failed.v1': Compile(MESSAGES['delivery.failed.v1']),
} as const satisfies Record<MessageKey, unknown>;
