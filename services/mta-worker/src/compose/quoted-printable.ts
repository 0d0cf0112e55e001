import { Buffer } from 'node:buffer';

/** Octets on a line before its soft break (RFC 2045 §6.7: 76 with the `=`). */
const LINE = 75;
const SOFT_BREAK = '=\r\n';

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const DOT = 46;
const EQUALS = 61;
const UPPER_F = 70;
const HEX = Buffer.from('0123456789ABCDEF', 'latin1');

/** Passes as it stands wherever a line may begin: short, ASCII, nothing that a relay would touch. */
const PLAIN = /^(?!\.|From )[ -<>-~]{0,74}[!-<>-~]$/;

/**
 * Quoted-printable text (RFC 2045 §6.7) that begins at the start of a line. Line ends of any kind come out as CRLF,
 * no line is longer than 75, so that a soft break may follow anywhere, and no line ends in a space. A dot or `From `
 * at the start of a line is encoded too: some relays change them, which would break a signature.
 */
export function encodeQuotedPrintable(text: string): string {
  if (text === '' || PLAIN.test(text)) return text;
  const source = Buffer.from(text, 'utf8');
  // Three octets for one, and a soft break for every 25 of those.
  const target = Buffer.allocUnsafe(source.length * 3 + Math.ceil(source.length / 24) * 3 + 3);
  let written = 0;
  let column = 0;
  for (let at = 0; at < source.length; at += 1) {
    const octet = source[at] ?? 0;
    if (octet === LF || octet === CR) {
      if (octet === CR && source[at + 1] === LF) at += 1;
      target[written] = CR;
      target[written + 1] = LF;
      written += 2;
      column = 0;
      continue;
    }
    const width = isLiteral(octet, source, at, column) ? 1 : 3;
    if (column + width > LINE) {
      target.write(SOFT_BREAK, written, 'latin1');
      written += 3;
      column = 0;
    }
    // A soft break may have made this the start of a line.
    if (width === 1 && (column > 0 || isLiteral(octet, source, at, 0))) {
      target[written] = octet;
      written += 1;
      column += 1;
    } else {
      target[written] = EQUALS;
      target[written + 1] = HEX[octet >> 4] ?? 0;
      target[written + 2] = HEX[octet & 15] ?? 0;
      written += 3;
      column += 3;
    }
  }
  return target.toString('latin1', 0, written);
}

// eslint-disable-next-line max-params -- called for every octet: an object each time would cost more than the work
function isLiteral(octet: number, source: Buffer, at: number, column: number): boolean {
  if (octet > SPACE && octet < 127) {
    if (octet === EQUALS) return false;
    if (column > 0) return true;
    return octet !== DOT && !(octet === UPPER_F && source.toString('latin1', at, at + 5) === 'From ');
  }
  if (octet !== SPACE && octet !== TAB) return false;
  const next = source[at + 1];
  return next !== undefined && next !== LF && next !== CR;
}
