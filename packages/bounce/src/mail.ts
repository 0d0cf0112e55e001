import { addressesIn } from './addresses.ts';
import { decodeHeader, readHeaders, type Headers } from './header-section.ts';
import { readParts } from './mime-parts.ts';
import { stripTags } from './strip-tags.ts';

/** A part that is neither the mail's text nor its HTML: a report, the returned message. */
export type MailPart = { readonly contentType: string; readonly text: string };

/** What a mail says, decoded. Nothing in it is trusted, and every text in it is bounded. */
export type Mail = {
  readonly headers: Headers;
  readonly subject: string;
  /** Lower case; empty where there is none: the null reverse-path writes nobody. */
  readonly from: string;
  /** The whole header From, decoded. */
  readonly fromName: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly parts: readonly MailPart[];
};

/** Octets read of a mail; what follows is returned content, of which the headers stand in front. */
const MAX_READ_OCTETS = 4 << 20;

/** Characters of header section read. */
const MAX_HEADER = 256 << 10;

/** Reads a mail. Never throws, whatever the mail: what is broken is read as far as it goes. */
export function readMail(raw: Uint8Array): Mail {
  const bound = Math.min(raw.byteLength, MAX_READ_OCTETS);
  return readMailText(Buffer.from(raw.buffer, raw.byteOffset, bound).toString('latin1'));
}

/** Reads a mail given as its octets, a character each. */
export function readMailText(octets: string): Mail {
  const text = withoutMboxLine(octets.includes('\r') ? octets.replaceAll(/\r\n?/g, '\n') : octets);
  const end = text.startsWith('\n') ? 0 : text.indexOf('\n\n');
  const headers = readHeaders(text.slice(0, Math.min(end === -1 ? text.length : end, MAX_HEADER)));
  const { plain, html, reports } = readParts(headers, end === -1 ? '' : text.slice(end + (end === 0 ? 1 : 2)));
  const from = decodeHeader(headers.get('from')?.[0] ?? '');
  return {
    headers,
    subject: decodeHeader(headers.get('subject')?.[0] ?? ''),
    from: addressesIn(from).at(-1)?.toLowerCase() ?? '',
    fromName: from,
    to: (headers.get('to') ?? []).flatMap((value) => addressesIn(value)).map((address) => address.toLowerCase()),
    text: plain.trim() === '' ? stripTags(html).trim() : plain.trim(),
    parts: reports,
  };
}

/** First value of a header, or the empty text. */
export function headerOf(mail: Mail, name: string): string {
  return mail.headers.get(name)?.[0] ?? '';
}

/** Mailbox files put a line `From …` in front; some gateways an empty one. */
function withoutMboxLine(text: string): string {
  const start = /^\n{0,20}(?:>?From [^\n]{0,1000}\n)?/.exec(text)?.[0].length ?? 0;
  return start === 0 ? text : text.slice(start);
}
