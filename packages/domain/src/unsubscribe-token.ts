import type { MessageId } from './message-id.ts';
import { openMessageId, sealMessageId, type Mac } from './sealed-id.ts';

/** What a one-click link (RFC 8058) carries: the message, hence its recipient and list, and a keyed MAC. */
export function encodeUnsubscribeToken(messageId: MessageId, keyId: string, mac: Mac): string {
  return sealMessageId({ messageId, purpose: 'unsubscribe', separator: '-' }, keyId, mac);
}

/** The message that a link came with; `undefined` where the token is not ours. */
export function decodeUnsubscribeToken(token: string, mac: Mac): MessageId | undefined {
  return openMessageId(token, 'unsubscribe', mac);
}
