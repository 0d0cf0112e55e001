import type { EnhancedStatus } from '@mxflow/domain';

/** The codes found in a text (RFC 5321 §4.2, RFC 3463). */
export type Codes = {
  readonly replyCode: number | undefined;
  readonly enhancedStatus: EnhancedStatus | undefined;
};

const REPLY_WITH_STATUS = /(?:^|[^\d.])([45]\d\d)[ -]#?([245]\.\d{1,2}\.\d{1,3})(?![\d.])/;
const STATUS = /(?:^|[^\d.])([45]\.\d{1,2}\.\d{1,3})(?!\.?\d)/;
const REPLY = /(?:^|[\s:("'<[#=;])([45]\d\d)(?=[ -]|$)/;

/** Characters of a text in which codes are looked for. */
const MAX_TEXT = 4096;

/**
 * Finds the reply code and the enhanced status in a text. Both must speak of the same class: where they do not, the
 * pair that stands together holds.
 */
export function codesIn(text: string): Codes {
  const start = text.slice(0, MAX_TEXT);
  const pair = REPLY_WITH_STATUS.exec(start);
  if (pair !== null) return { replyCode: Number(pair[1]), enhancedStatus: pair[2] as EnhancedStatus };
  const status = STATUS.exec(start)?.[1] as EnhancedStatus | undefined;
  const reply = REPLY.exec(start)?.[1];
  const replyCode = reply === undefined || (status !== undefined && reply[0] !== status[0]) ? undefined : Number(reply);
  return { replyCode, enhancedStatus: status };
}

/** A status that says no more than its class: any code inside the diagnostic text tells more. */
export function isGeneric(status: EnhancedStatus | undefined): boolean {
  return status === undefined || /^\d\.0\.\d/.test(status) || /^\d\.\d\.0$/.test(status);
}

/** The status of a report's field: `5.1.1 (bad destination mailbox address)`. */
export function statusOfField(value: string | undefined): EnhancedStatus | undefined {
  return /^\s*#?([245]\.\d{1,3}\.\d{1,3})/.exec(value ?? '')?.[1] as EnhancedStatus | undefined;
}
