import { decodeMessageIdHeader, decodeUnsubscribeToken, decodeVerp, type Mac, type MessageId } from '@mxflow/domain';

import type { ReadMail } from './read-mail.ts';

/** What it takes to tell our own seals. */
export type Seals = {
  readonly mac: Mac;
  /** Milliseconds since the epoch, by this machine's clock: the days in return-paths come from the workers' own. */
  readonly now: number;
  /** Of a message: a bounce that comes later counts for nothing. */
  readonly maxAgeMs: number;
};

/** Whose a mail is. Only `ours` may change anything. */
export type Whose =
  | {
      readonly kind: 'ours';
      readonly messageIds: readonly [MessageId, ...MessageId[]];
      /** A Message-ID carries no day: how old the message is, the delivery log must say. */
      readonly by: 'return-path' | 'message-id' | 'unsubscribe-address';
    }
  /** It has the shape of a seal of ours, but not its MAC. */
  | { readonly kind: 'forged'; readonly because: string }
  | { readonly kind: 'stale'; readonly because: string }
  | { readonly kind: 'not-ours'; readonly because: string };

const DAY_MS = 86_400_000;
const RETURN_PATH = /^b-[a-z2-7]{1,13}-[a-z2-7]{1,7}-[a-z2-7]{10,}$/i;
const UNSUBSCRIBE = /^u-[a-z2-7]{1,13}-[a-z2-7]{10,}$/i;
const MESSAGE_ID = /^\s*<?\s*m\.[a-z2-7]{1,13}\.[a-z2-7]{10,}@/i;
const RETURNED_PATH = /(?<![\w.+-])b-[a-z2-7]{1,13}-[a-z2-7]{1,7}-[a-z2-7]{17}(?=@)/gi;
/** Return-paths that are tried of a returned header. */
const MOST_RETURNED = 5;

/**
 * Tells whose a mail is: by the addresses it was sent to; where none of them is of our making, by what it returns of the
 * message. An address with a wrong MAC is not made good by what the mail holds: whoever wrote that wrote it, too. Pure.
 */
export function whoseMail(
  { rcptTo, mail }: { readonly rcptTo: readonly string[]; readonly mail: ReadMail | undefined },
  seals: Seals,
): Whose {
  const byEnvelope = whoseByAddresses(rcptTo, seals);
  if (byEnvelope.kind !== 'not-ours' || mail === undefined) return byEnvelope;
  const byHeader = whoseByAddresses(mail.sentTo, seals);
  return byHeader.kind === 'not-ours' ? whoseByReturned(mail.returned, seals) : byHeader;
}

function whoseByAddresses(addresses: readonly string[], seals: Seals): Whose {
  const found = addresses.map((address) => whoseByLocalPart(address.slice(0, address.lastIndexOf('@')), seals));
  const ours = found.filter((each) => each.kind === 'ours');
  const [first] = ours;
  if (first !== undefined) {
    const ids = new Set(ours.filter(({ by }) => by === first.by).flatMap(({ messageIds }) => messageIds));
    return { ...first, messageIds: [...ids] as [MessageId, ...MessageId[]] };
  }
  return (
    found.find(({ kind }) => kind === 'stale') ??
    found.find(({ kind }) => kind === 'forged') ?? { kind: 'not-ours', because: 'no address of our making' }
  );
}

function whoseByLocalPart(localPart: string, { mac, now, maxAgeMs }: Seals): Whose {
  if (UNSUBSCRIBE.test(localPart)) {
    const messageId = decodeUnsubscribeToken(localPart.slice(2), mac);
    if (messageId === undefined) return { kind: 'forged', because: 'an unsubscribe address with a wrong MAC' };
    return { kind: 'ours', messageIds: [messageId], by: 'unsubscribe-address' };
  }
  if (!RETURN_PATH.test(localPart)) return { kind: 'not-ours', because: 'no address of our making' };
  const verp = decodeVerp(localPart, mac);
  if (verp === undefined) return { kind: 'forged', because: 'a return-path with a wrong MAC' };
  // A day lasts to its end, wherever in it the message was sent.
  const ageMs = now - (verp.day + 1) * DAY_MS;
  if (ageMs > maxAgeMs) return { kind: 'stale', because: `the return-path is of day ${verp.day}` };
  return { kind: 'ours', messageIds: [verp.messageId], by: 'return-path' };
}

function whoseByReturned({ messageId: header, headers }: ReadMail['returned'], seals: Seals): Whose {
  if (header !== undefined && MESSAGE_ID.test(header)) {
    const messageId = decodeMessageIdHeader(header, seals.mac);
    if (messageId === undefined) return { kind: 'forged', because: 'a Message-ID with a wrong MAC' };
    return { kind: 'ours', messageIds: [messageId], by: 'message-id' };
  }
  const paths = [...headers.matchAll(RETURNED_PATH)].slice(0, MOST_RETURNED).map(([path]) => `${path}@`);
  const byPath = whoseByAddresses([...new Set(paths)], seals);
  return byPath.kind === 'not-ours' ? { kind: 'not-ours', because: 'nothing of our making in it' } : byPath;
}
