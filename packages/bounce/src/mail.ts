import PostalMime, { type Email } from 'postal-mime';

import { stripTags } from './strip-tags.ts';

/** A part that is neither the mail's text nor its HTML: a report, the returned message, an attachment. */
export type MailPart = { readonly contentType: string; readonly text: string };

/** What a mail says, decoded. Nothing in it is trusted, and every text in it is bounded. */
export type Mail = {
  /** Lower-case names; values in the order of the mail. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly subject: string;
  /** Empty where there is none: the null reverse-path writes nobody. */
  readonly from: string;
  readonly fromName: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly parts: readonly MailPart[];
};

/** Octets read of a mail; what follows is returned content, of which the headers stand in front. */
export const MAX_READ_OCTETS = 4 << 20;

/** Characters kept of a text or part: reports for thousands of recipients fit. */
const MAX_TEXT = 4 << 20;

/** Octets of header that are read over all parts. */
const MAX_HEADER_OCTETS = 1 << 20;

const LF = 10;
const CR = 13;

/**
 * Reads a mail. Never throws and always answers: what breaks the MIME reader (a thousand levels, headers without end)
 * is read as plain text behind its header.
 */
export async function readMail(raw: Uint8Array): Promise<Mail> {
  const octets = withoutMboxLine(withLineFeeds(raw.subarray(0, MAX_READ_OCTETS)));
  try {
    const email = await PostalMime.parse(octets, {
      forceRfc822Attachments: true,
      maxNestingDepth: 50,
      maxHeadersSize: MAX_HEADER_OCTETS,
    });
    return fromEmail(email, octets);
  } catch {
    // The reader refuses by throwing, whatever the limit it met: the mail is then taken as it stands.
    return fromPlainText(decode(octets));
  }
}

/** First value of a header, or the empty text. */
export function headerOf(mail: Mail, name: string): string {
  return mail.headers.get(name)?.[0] ?? '';
}

function fromEmail(email: Email, octets: Uint8Array): Mail {
  const headers = new Map<string, string[]>();
  for (const { key, value } of email.headers) {
    const values = headers.get(key);
    if (values === undefined) headers.set(key, [value]);
    else values.push(value);
  }
  const parts = email.attachments.map(({ mimeType, content }) => ({
    contentType: mimeType,
    text: typeof content === 'string' ? content : decode(new Uint8Array(content)),
  }));
  const shown = email.text?.trim() ?? '';
  const text = shown !== '' ? shown : stripTags(email.html ?? '').trim();
  const reported = parts.some(({ contentType }) => contentType.startsWith('message/'));
  return {
    headers,
    subject: email.subject ?? '',
    from: (email.from?.address ?? '').toLowerCase(),
    fromName: email.from?.name ?? '',
    to: (email.to ?? []).flatMap((entry) => (entry.address === undefined ? [] : [entry.address.toLowerCase()])),
    text: (text !== '' || reported ? text : bodyOf(decode(octets))).slice(0, MAX_TEXT),
    parts,
  };
}

function fromPlainText(text: string): Mail {
  const end = text.search(/\r?\n\r?\n/);
  const head = end === -1 ? text.slice(0, 10_000) : text.slice(0, end);
  const headers = new Map<string, string[]>();
  for (const line of head.replaceAll(/\r?\n[ \t]/g, ' ').split(/\r?\n/, 500)) {
    const colon = line.indexOf(':');
    if (colon < 1) continue;
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const from = headers.get('from')?.[0] ?? '';
  return {
    headers,
    subject: headers.get('subject')?.[0] ?? '',
    from: /[^\s<>"]+@[^\s<>"]+/.exec(from.slice(0, 500))?.[0]?.toLowerCase() ?? '',
    fromName: from,
    to: [],
    text: bodyOf(text).slice(0, MAX_TEXT),
    parts: [],
  };
}

function bodyOf(text: string): string {
  const end = /\r?\n\r?\n/.exec(text);
  const body = end === null ? '' : text.slice(end.index + end[0].length);
  // Broken MIME shows its transfer encoding: soft line breaks would cut words in two.
  return body.replaceAll(/=\r?\n/g, '').replaceAll(/=3D/g, '=');
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
const latin1 = new TextDecoder('latin1');
const japanese = new TextDecoder('iso-2022-jp');

function decode(octets: Uint8Array): string {
  try {
    const text = utf8.decode(octets);
    return text.includes('\u001b$') ? japanese.decode(octets) : text;
  } catch {
    // Not UTF-8: any octet is a letter of Latin-1, and what matters here is ASCII.
    return latin1.decode(octets);
  }
}

/** Lone carriage returns become line feeds: some servers write nothing else. */
function withLineFeeds(raw: Uint8Array): Uint8Array {
  let at = raw.indexOf(CR);
  while (at !== -1 && raw[at + 1] === LF) at = raw.indexOf(CR, at + 2);
  if (at === -1) return raw;
  const octets = raw.slice();
  for (; at !== -1; at = octets.indexOf(CR, at + 1)) if (octets[at + 1] !== LF) octets[at] = LF;
  return octets;
}

/** Mailbox files put a line `From …` in front; some gateways an empty one. */
function withoutMboxLine(octets: Uint8Array): Uint8Array {
  let start = 0;
  while (octets[start] === LF || octets[start] === CR) start += 1;
  if (latin1.decode(octets.subarray(start, start + 5)) === 'From ') start = octets.indexOf(LF, start) + 1;
  return octets.subarray(start);
}
