import { readFileSync } from 'node:fs';

import { encoded, encodedWord } from './encode.ts';

/** A mail and what it says; `kind` is `none` for all that is no failure, whatever else it is. */
export type SaidMail = {
  readonly name: string;
  readonly kind: string;
  readonly recipients: readonly { readonly address: string; readonly reasons: readonly string[] }[];
  readonly raw: Uint8Array;
};

/**
 * Reads a file of mails. `{{CHARSET:text}}` is sent as an encoded word. Each begins with `%% name / kind / recipient reason|reason, recipient reason`; what stands between
 * `@encode CHARSET ENCODING` and `@end` is written here as it reads and sent in that charset and transfer encoding.
 */
export function readMails(name: string): readonly SaidMail[] {
  const text = readFileSync(new URL(name, import.meta.url), 'utf8');
  return text
    .split(/^%% /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n');
      const [title = '', kind = '', listed = ''] = part.slice(0, end).split(/ \/ ?/);
      const recipients = listed.split(', ').filter((it) => it !== '');
      return {
        name: title,
        kind,
        recipients: recipients.map((it) => {
          const [address = '', reasons = ''] = it.trim().split(' ');
          return { address, reasons: reasons.split('|') };
        }),
        raw: octetsOf(part.slice(end + 1)),
      };
    });
}

function octetsOf(mail: string): Uint8Array {
  const parts = mail.split(/^@encode (\S+) (\S+)\n([^]*?)^@end\n/m);
  const octets: Buffer[] = [];
  for (let at = 0; at < parts.length; at += 4) {
    octets.push(Buffer.from(crlf(parts[at] ?? '')));
    const [charset = '', encoding = '', text] = parts.slice(at + 1, at + 4);
    if (text !== undefined) octets.push(encoded(crlf(text), charset, encoding), Buffer.from('\r\n'));
  }
  return Buffer.concat(octets);
}

const crlf = (text: string) =>
  text
    .replaceAll(/\{\{([\w-]+):([^}]*)\}\}/g, (_all, charset: string, word: string) => encodedWord(word, charset))
    .replaceAll('\n', '\r\n');
