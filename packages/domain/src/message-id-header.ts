import type { MessageId } from './message-id.ts';
import { openMessageId, sealMessageId, type Mac } from './sealed-id.ts';

const MSG_ID = /^\s*<?\s*m\.([a-z2-7]{1,13}\.[a-z2-7]{17})@[^\s<>@]{1,255}>?\s*$/i;

/**
 * The value of the Message-ID header: our message's id and a keyed MAC, so that a bounce which returns nothing but
 * the headers still says whose it is, and cannot be made up. The same for every attempt at a message.
 */
export function encodeMessageIdHeader(
  { messageId, domain }: { readonly messageId: MessageId; readonly domain: string },
  keyId: string,
  mac: Mac,
): string {
  return `<m.${sealMessageId({ messageId, purpose: 'message-id', separator: '.' }, keyId, mac)}@${domain}>`;
}

/** Reads a Message-ID header's value, with or without brackets; `undefined` where it is not ours. */
export function decodeMessageIdHeader(value: string, mac: Mac): MessageId | undefined {
  const sealed = MSG_ID.exec(value)?.[1];
  return sealed === undefined ? undefined : openMessageId(sealed, 'message-id', mac);
}
