/**
 * A message's identity: one recipient of one job, stable over retries and restarts.
 *
 * A signed 64-bit number written in decimal: the job's number, then 27 bits of the recipient's ordinal within
 * the job. It travels as text, since half of the range lies above what a JavaScript number holds exactly.
 */
export type MessageId = string & { readonly __brand: 'MessageId' };

const ORDINAL_BITS = 27n;

/** Recipients that one job can number: ordinals run from 0 to this figure less one. */
export const MAX_RECIPIENTS_PER_JOB = Number(1n << ORDINAL_BITS);

/** The id of the recipient with this ordinal (0-based) in the job with this number (decimal text). */
export function messageIdOf(jobNumber: string, ordinal: number): MessageId {
  return ((BigInt(jobNumber) << ORDINAL_BITS) | BigInt(ordinal)).toString() as MessageId;
}

/** The job's number, in decimal, that an id belongs to. */
export function jobNumberOf(messageId: MessageId): string {
  return (BigInt(messageId) >> ORDINAL_BITS).toString();
}

/** The recipient's ordinal (0-based) within its job. */
export function ordinalOf(messageId: MessageId): number {
  return Number(BigInt(messageId) & ((1n << ORDINAL_BITS) - 1n));
}

/** The ids of a job lie between these two, both included. */
export function messageIdRange(jobNumber: string): {
  readonly first: MessageId;
  readonly last: MessageId;
} {
  return {
    first: messageIdOf(jobNumber, 0),
    last: messageIdOf(jobNumber, MAX_RECIPIENTS_PER_JOB - 1),
  };
}

/** Reads an id written in decimal; `undefined` for anything else. */
export function parseMessageId(text: string): MessageId | undefined {
  return /^[1-9]\d{0,18}$/.test(text) && BigInt(text) < 1n << 63n ? (text as MessageId) : undefined;
}
