import { decodeOctets } from './charset.ts';
import { fromQuotedPrintable, readHeaders, readParameters, type Headers } from './header-section.ts';
import type { MailPart } from './mail.ts';

/** The parts of a mail that can say something about a delivery. */
export type Parts = { readonly plain: string; readonly html: string; readonly reports: readonly MailPart[] };

/** Nested multiparts that are opened, parts that are read, characters of one: what is beyond says nothing new. */
const MAX_DEPTH = 30;
const MAX_PARTS = 500;
const MAX_CHARACTERS = 4 << 20;

/** Characters read of text written for people: whom it is about, and why, stands in front. */
const MAX_TEXT = 256 << 10;

/** Characters kept of the returned message: its headers stand in front. */
const MAX_RETURNED = 128 << 10;

const REPORT = /^(?:message\/|text\/(?:rfc822|delivery-status))/;

type Reading = { plain: string; html: string; readonly reports: MailPart[]; left: number };

/** Reads the parts behind a header section. Linear in the mail: a part is looked at by one boundary only. */
export function readParts(headers: Headers, body: string): Parts {
  const reading: Reading = { plain: '', html: '', reports: [], left: MAX_PARTS };
  readEntity({ headers, body }, { reading, depth: 0 });
  return reading;
}

type Entity = { readonly headers: Headers; readonly body: string };

function readEntity(
  { headers, body }: Entity,
  { reading, depth }: { readonly reading: Reading; readonly depth: number },
): void {
  if (reading.left-- <= 0) return;
  const content = readParameters(headers.get('content-type')?.[0] ?? '');
  if (content.type.startsWith('multipart/') || (content.type === '' && headers.size > 0 && body.startsWith('--'))) {
    const boundary = boundaryOf(content.of('boundary'), body);
    if (boundary !== undefined && depth < MAX_DEPTH) {
      for (const part of partsBetween(body, boundary)) {
        if (reading.left <= 0) return;
        readEntity(toEntity(part), { reading, depth: depth + 1 });
      }
      return;
    }
  }
  const text = () => decodeText(body.slice(0, MAX_TEXT), headers, content.of('charset'));
  if (REPORT.test(content.type)) {
    const isReturned = /rfc822|partial|global(?:-headers)?$/.test(content.type);
    const octets = isReturned ? body.slice(0, MAX_RETURNED) : body;
    reading.reports.push({ contentType: content.type, text: decodeText(octets, headers, content.of('charset')) });
  } else if (content.type === 'text/html') {
    if (reading.html.length < MAX_TEXT) reading.html += text();
  } else if (content.type === '' || content.type.startsWith('text') || content.type.startsWith('multipart/')) {
    if (isAttached(headers) && reading.plain !== '') return;
    if (reading.plain.length < MAX_TEXT) reading.plain += `${reading.plain === '' ? '' : '\n'}${text()}`;
  }
}

function isAttached(headers: Headers): boolean {
  return /^\s*attachment/i.test(headers.get('content-disposition')?.[0] ?? '');
}

/** The boundary, if the body has it; else the first line that looks like one: gateways rewrite headers and lose it. */
function boundaryOf(named: string | undefined, body: string): string | undefined {
  const boundary = named?.trimEnd();
  if (
    boundary !== undefined &&
    boundary !== '' &&
    (body.startsWith(`--${boundary}`) || body.includes(`\n--${boundary}`))
  ) {
    return boundary;
  }
  return /(?:^|\n)--([^\s-][^\n]{5,70})\n(?:content-|\n)/i.exec(body.slice(0, 10_000))?.[1]?.trimEnd();
}

function* partsBetween(body: string, boundary: string): Generator<string> {
  const mark = `--${boundary}`;
  let start = body.startsWith(mark) ? 0 : body.indexOf(`\n${mark}`) + 1;
  for (;;) {
    const line = body.indexOf('\n', start);
    if (line === -1 || body.startsWith('--', start + mark.length)) return;
    const end = body.indexOf(`\n${mark}`, line);
    yield body.slice(line + 1, end === -1 ? body.length : end);
    if (end === -1) return;
    start = end + 1;
  }
}

/** A part's header section may be missing: it then begins with an empty line, or with its text. */
function toEntity(part: string): Entity {
  if (part.startsWith('\n')) return { headers: new Map(), body: part.slice(1) };
  const end = part.indexOf('\n\n');
  const section = end === -1 ? part : part.slice(0, end);
  const headers = readHeaders(section.slice(0, 64 << 10));
  if (![...headers.keys()].some((name) => name.startsWith('content-') || name === 'mime-version')) {
    return headers.size > 0 && end !== -1 && ([...headers.keys()][0] ?? '').startsWith('x-')
      ? { headers, body: part.slice(end + 2) }
      : { headers: new Map(), body: part };
  }
  return { headers, body: end === -1 ? '' : part.slice(end + 2) };
}

function decodeText(body: string, headers: Headers, charset: string | undefined): string {
  const encoding = headers.get('content-transfer-encoding')?.[0]?.trim().toLowerCase() ?? '';
  const octets = body.slice(0, MAX_CHARACTERS);
  if (encoding.startsWith('base64') && isBase64(octets))
    return decodeOctets(Buffer.from(octets, 'base64'), charset).replaceAll(/\r\n?/g, '\n');
  if (encoding.startsWith('quoted-printable')) return decodeOctets(fromQuotedPrintable(octets), charset);
  return decodeOctets(Buffer.from(octets, 'latin1'), charset);
}

/** Is it what its header claims? Gateways put plain text under a header that says base64. */
function isBase64(body: string): boolean {
  return /^[\sA-Za-z0-9+/=]*$/.test(body.slice(0, 2000));
}
