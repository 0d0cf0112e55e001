import { decodeOctets } from './charset.ts';

/** Lower-case names; values unfolded, in the order of the mail. */
export type Headers = ReadonlyMap<string, readonly string[]>;

/** Header lines read of a section, and characters of one value. */
const MAX_LINES = 2000;
const MAX_VALUE = 16 << 10;

/** A field's name (RFC 5322 §2.2), and what some write between it and the colon. */
const FIELD = /^([!-9;-~]{1,100})[ \t]{0,4}:/;

/** Reads a header section; lines that are none are passed over. */
export function readHeaders(section: string): Headers {
  const headers = new Map<string, string[]>();
  let values: string[] | undefined;
  for (const line of section.split('\n', MAX_LINES)) {
    if (line.startsWith(' ') || line.startsWith('\t')) {
      const last = values?.at(-1);
      if (values !== undefined && last !== undefined && last.length < MAX_VALUE) {
        values[values.length - 1] = `${last} ${line.trim()}`.slice(0, MAX_VALUE);
      }
      continue;
    }
    const name = FIELD.exec(line.slice(0, 110));
    values = undefined;
    if (name === null) continue;
    const key = (name[1] ?? '').toLowerCase();
    values = headers.get(key) ?? [];
    if (values.length === 0) headers.set(key, values);
    values.push(line.slice(name[0].length, name[0].length + MAX_VALUE).trim());
  }
  return headers;
}

/** `type/subtype` and parameters of a Content-Type or Content-Disposition (RFC 2045 §5.1, RFC 2231 without its pieces). */
export function readParameters(value: string): {
  readonly type: string;
  readonly of: (name: string) => string | undefined;
} {
  const type = value.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return {
    type,
    of: (name) => {
      const at = value.toLowerCase().search(new RegExp(`[;\\s]${name}\\*?\\s{0,8}=`));
      if (at === -1) return undefined;
      const behind = value.slice(value.indexOf('=', at) + 1).trimStart();
      return behind.startsWith('"')
        ? /^"((?:[^"\\]|\\.){0,300})/.exec(behind)?.[1]
        : /^[^\s;]{0,300}/.exec(behind)?.[0];
    },
  };
}

const WORD = /=\?([^?\s]{1,40})\?([bq])\?([^?]{0,4000})\?=(?:\s+(?==\?))?/gi;

/** Decodes a header's value: encoded words (RFC 2047), pieces of one charset put together first, and raw octets. */
export function decodeHeader(value: string): string {
  if (!value.includes('=?')) return decodeRaw(value);
  let pending: { charset: string; octets: Buffer[] } | undefined;
  let decoded = '';
  let end = 0;
  const flush = () => {
    if (pending !== undefined) decoded += decodeOctets(Buffer.concat(pending.octets), pending.charset);
    pending = undefined;
  };
  for (const [word, name = '', encoding = '', coded = ''] of value.slice(0, MAX_VALUE).matchAll(WORD)) {
    const at = value.indexOf(word, end);
    if (at > end || pending?.charset !== name.toLowerCase()) flush();
    decoded += decodeRaw(value.slice(end, at));
    pending ??= { charset: (name.split('*')[0] ?? '').toLowerCase(), octets: [] };
    pending.octets.push(
      /b/i.test(encoding) ? Buffer.from(coded, 'base64') : fromQuotedPrintable(coded.replaceAll('_', ' ')),
    );
    end = at + word.length;
  }
  flush();
  return decoded + decodeRaw(value.slice(end));
}

function decodeRaw(value: string): string {
  return value.includes('\u001b') || /[\u0080-\u00ff]/.test(value) ? decodeOctets(Buffer.from(value, 'latin1')) : value;
}

/** Octets of quoted-printable text (RFC 2045 §6.7); what is none stands for itself. */
export function fromQuotedPrintable(text: string): Buffer {
  const joined = text.replaceAll(/=[ \t]{0,10}\n/g, '');
  const bare = joined.replaceAll(/=([0-9a-f]{2})/gi, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bare, 'latin1');
}
