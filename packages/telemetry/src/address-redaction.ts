/**
 * Mailbox addresses never stand in a log in full: the local part keeps its first character, the domain stays,
 * since operators reason by domain.
 */

/** Longer than any local part (RFC 5321 §4.5.3.1.1 allows 64 octets) with room for JSON escapes. */
const LONGEST_LOCAL_PART = 256;
const MASK = '***';

/** Masks the local part of one address: `user@example.com` becomes `u***@example.com`. Text without `@` is masked whole. */
export function redactAddress(address: string): string {
  const at = address.lastIndexOf('@');
  if (at === -1) return address === '' ? '' : MASK;
  const local = address.slice(0, at);
  const whole = local === '' ? '' : String.fromCodePoint(local.codePointAt(0) as number);
  // The only character of a local part would be the whole of it.
  const first = local.length > whole.length ? whole : '';
  return `${first}${MASK}${address.slice(at)}`;
}

/**
 * Masks every address in a line of JSON, whatever field or free text it stands in, and the credentials of URLs; the
 * line stays valid JSON. Linear in the line's length: the text comes from strangers (SMTP replies), so no
 * backtracking pattern reads it.
 */
export function redactAddressesIn(line: string): string {
  let redacted = '';
  let copied = 0;
  for (let at = line.indexOf('@'); at !== -1; at = line.indexOf('@', at + 1)) {
    const mask = findMask(line, at, copied);
    if (mask === undefined) continue;
    redacted += line.slice(copied, mask.start) + MASK;
    copied = mask.end;
  }
  return copied === 0 ? line : redacted + line.slice(copied);
}

/** The characters from `start` up to `end` are replaced by the mask. */
type Mask = { readonly start: number; readonly end: number };

/** What to mask of the text that ends at `at`, never reaching before `floor`; `undefined` where no local part ends there. */
function findMask(line: string, at: number, floor: number): Mask | undefined {
  if (line[at - 1] === '"') return maskQuoted(line, at, floor);
  const start = findStart(line, at, floor);
  const credentials = startOfCredentials(line, at, floor);
  if (credentials !== undefined) return { start: credentials, end: at };
  if (start === at || at - start > LONGEST_LOCAL_PART) return undefined;
  // The letter of a JSON escape belongs to the backslash before it, four digits more to that of \u.
  if (isEscaped(line, start)) return { start: Math.min(at, start + (line[start] === 'u' ? 5 : 1)), end: at };
  const first = (line.codePointAt(start) as number) > 0xffff ? 2 : 1;
  return { start: at - start > first ? start + first : start, end: at };
}

function findStart(line: string, at: number, floor: number): number {
  const lowest = Math.max(floor, at - LONGEST_LOCAL_PART - 1);
  let start = at;
  while (start > lowest && isLocalPartCharacter(line.charCodeAt(start - 1))) start -= 1;
  return start;
}

/** A quoted local part (RFC 5321 §4.1.2) stands in JSON as `\"john doe\"`; a bare quote there is JSON's own. */
function maskQuoted(line: string, at: number, floor: number): Mask | undefined {
  if (!isEscaped(line, at - 1)) return undefined;
  const lowest = Math.max(floor, at - LONGEST_LOCAL_PART);
  const opening = line.lastIndexOf('"', at - 3);
  return opening < lowest || !isEscaped(line, opening) ? undefined : { start: opening + 1, end: at - 2 };
}

/** In JSON the character after an odd number of backslashes belongs to an escape. */
function isEscaped(line: string, index: number): boolean {
  let backslashes = 0;
  while (line[index - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

/** Where `user:password` begins in `amqp://user:password@host`. */
function startOfCredentials(line: string, at: number, floor: number): number | undefined {
  const lowest = Math.max(floor, at - LONGEST_LOCAL_PART);
  for (let index = at - 1; index >= lowest; index -= 1) {
    const code = line.charCodeAt(index);
    if (line[index] === '/') return line.startsWith('://', index - 2) ? index + 1 : undefined;
    if (code <= SPACE || line[index] === '"') return undefined;
  }
  return undefined;
}

/** Everything but white space, JSON and mail punctuation: wider than RFC 5322 atext, so that odd addresses are masked too. */
function isLocalPartCharacter(code: number): boolean {
  return code > SPACE && !STOPS.has(code);
}

const SPACE = 0x20;
const STOPS: ReadonlySet<number> = new Set(Array.from('"<>()[],;:\\@', (character) => character.charCodeAt(0)));
