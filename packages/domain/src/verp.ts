import { decodeNumber, encodeNumber, encodeOctets } from './base32.ts';
import { parseMessageId, type MessageId } from './message-id.ts';
import { sameText, type Mac } from './sealed-id.ts';

const SHAPE = /^b-([a-z2-7]{1,13})-([a-z2-7]{1,7})-([a-z2-7])([a-z2-7]{16})$/;

/** What a return-path's local part says, once its MAC was found right. */
export type VerpIdentity = {
  readonly messageId: MessageId;
  /** Whole days since the epoch on which the address was made: the age limit of a bounce counts from it. */
  readonly day: number;
};

/**
 * The local part of a variable envelope return path: the message's id, the day, and a keyed MAC.
 * Only lower-case base32 and hyphens: relays change case. At most 41 octets (RFC 5321 §4.5.3.1.1 allows 64).
 *
 * @param keyId one character of the base32 alphabet.
 */
export function encodeVerp({ messageId, day }: VerpIdentity, keyId: string, mac: Mac): string {
  const id = encodeNumber(BigInt(messageId));
  const when = encodeNumber(BigInt(day));
  return `b-${id}-${when}-${keyId}${encodeOctets(mac(keyId, `verp:${id}-${when}`))}`;
}

/** Reads a local part; `undefined` where the shape is another's or the MAC is wrong. */
export function decodeVerp(localPart: string, mac: Mac): VerpIdentity | undefined {
  const match = SHAPE.exec(localPart.toLowerCase());
  if (match === null) return undefined;
  const [, id = '', when = '', keyId = '', seal = ''] = match;
  if (!sameText(encodeOctets(mac(keyId, `verp:${id}-${when}`)), seal)) return undefined;
  const messageId = parseMessageId(decodeNumber(id).toString());
  return messageId === undefined ? undefined : { messageId, day: Number(decodeNumber(when)) };
}
