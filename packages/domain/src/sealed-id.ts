import { decodeNumber, encodeNumber, encodeOctets } from './base32.ts';
import { parseMessageId, type MessageId } from './message-id.ts';

/** Keyed MAC over a text, at least 10 octets: the caller brings the cryptography. */
export type Mac = (keyId: string, text: string) => Uint8Array;

const SEALED = /^([a-z2-7]{1,13})([.-])([a-z2-7])([a-z2-7]{16})$/;

/** What a sealed id is good for: the seal of one purpose is worth nothing for another. */
export type SealPurpose = 'message-id' | 'unsubscribe';

/**
 * A message's id with a keyed MAC behind it, at most 31 characters of lower-case base32 and one separator.
 *
 * @param keyId one character of the base32 alphabet.
 */
export function sealMessageId(
  {
    messageId,
    purpose,
    separator,
  }: { readonly messageId: MessageId; readonly purpose: SealPurpose; readonly separator: '.' | '-' },
  keyId: string,
  mac: Mac,
): string {
  const id = encodeNumber(BigInt(messageId));
  return `${id}${separator}${keyId}${encodeOctets(mac(keyId, `${purpose}:${id}`))}`;
}

/** Reads a sealed id, in any case; `undefined` where the shape is another's or the MAC is wrong. */
export function openMessageId(sealed: string, purpose: SealPurpose, mac: Mac): MessageId | undefined {
  const match = SEALED.exec(sealed.toLowerCase());
  if (match === null) return undefined;
  const [, id = '', , keyId = '', seal = ''] = match;
  if (!sameText(encodeOctets(mac(keyId, `${purpose}:${id}`)), seal)) return undefined;
  return parseMessageId(decodeNumber(id).toString());
}

/** Compares in a time that does not tell how much was right. */
export function sameText(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at += 1) difference |= one.charCodeAt(at) ^ other.charCodeAt(at % other.length);
  return difference === 0;
}
