import { domainToASCII } from 'node:url';

import { parseMailbox, type Mailbox } from '@mxflow/domain';
import { encodeWords } from './encoded-words.ts';
import { breaksLine } from './header-field.ts';

const ATOMS = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const PRINTABLE = /^[ -~]+$/;
/** Beyond this a display name is encoded, so that it can be folded. */
const MAX_PLAIN_NAME = 60;
const ASCII_DOMAIN = /^[A-Za-z0-9.-]+$/;

export type MailboxOption = { readonly name?: string; readonly address: string };

/** A domain in A-labels (RFC 5890 §2.3.2.1); `undefined` where it is not one. */
export function toAscii(domain: string): string | undefined {
  if (ASCII_DOMAIN.test(domain)) return domain.toLowerCase();
  const ascii = domainToASCII(domain);
  return ascii === '' ? undefined : ascii;
}

export function readMailbox(address: string): Mailbox | undefined {
  return parseMailbox(address, toAscii);
}

export type AddressField =
  | { readonly kind: 'field'; readonly line: string; readonly mailbox: Mailbox }
  | { readonly kind: 'invalid'; readonly because: string };

/** A field of one mailbox with its display name (RFC 5322 §3.4), folded, without the CRLF behind it. */
export function addressField(name: string, { name: displayName = '', address }: MailboxOption): AddressField {
  const mailbox = readMailbox(address);
  if (mailbox === undefined) return { kind: 'invalid', because: `${name}: a mailbox was expected` };
  if (breaksLine(displayName))
    return { kind: 'invalid', because: `${name}: the display name holds a control character` };
  const phrase = displayName.trim() === '' ? '' : phraseOf(displayName.trim(), name.length + 2);
  const path = phrase === '' ? mailbox.address : `<${mailbox.address}>`;
  const before = phrase === '' ? `${name}:` : `${name}: ${phrase}`;
  const lastLine = before.length - (before.lastIndexOf('\n') + 1);
  const glue = phrase !== '' && lastLine + path.length > 76 ? '\r\n ' : ' ';
  return { kind: 'field', line: before + glue + path, mailbox };
}

function phraseOf(displayName: string, column: number): string {
  if (displayName.length > MAX_PLAIN_NAME || !PRINTABLE.test(displayName) || displayName.includes('=?')) {
    return encodeWords(displayName, column);
  }
  return ATOMS.test(displayName) ? displayName : `"${displayName.replace(/["\\]/g, '\\$&')}"`;
}
