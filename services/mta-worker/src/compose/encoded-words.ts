import { Buffer } from 'node:buffer';

/** RFC 2047 §2: a line with an encoded word is no longer than this, and no word longer than 75. */
const LINE = 76;
const PREFIX = '=?UTF-8?';
/** `=?UTF-8?B?` and `?=`. */
const FRAME = 12;
/** Room for at least one character, whatever stands before it. */
const LEAST = 16;

/**
 * A text as encoded words (RFC 2047), on as many folded lines as it takes. Q where most of it is ASCII, since that
 * stays readable; else B. No character is cut in two.
 *
 * @param column where on its line the first word begins.
 */
export function encodeWords(text: string, column: number): string {
  const octets = Buffer.byteLength(text, 'utf8');
  const encoding = octets - text.length > text.length / 2 ? B : Q;
  const words: string[] = [];
  let word = '';
  let room = Math.max(LINE - column - FRAME, LEAST);
  let used = 0;
  for (const character of text) {
    const width = encoding.width(character);
    if (used + width > room - encoding.slack) {
      words.push(word);
      word = '';
      used = 0;
      room = LINE - 1 - FRAME;
    }
    word += character;
    used += width;
  }
  words.push(word);
  return words.map((part) => `${PREFIX}${encoding.letter}?${encoding.encode(part)}?=`).join('\r\n ');
}

type Encoding = {
  readonly letter: 'B' | 'Q';
  /** Characters that this one takes, padding apart. */
  readonly width: (character: string) => number;
  readonly slack: number;
  readonly encode: (part: string) => string;
};

const B: Encoding = {
  letter: 'B',
  width: (character) => (Buffer.byteLength(character, 'utf8') * 4) / 3,
  // Padding to a multiple of four.
  slack: 4,
  encode: (part) => Buffer.from(part, 'utf8').toString('base64'),
};

/** The signs that may stand for themselves in every header, display names included (RFC 2047 §5 rule 3). */
const Q_LITERAL = /^[A-Za-z0-9!*+/-]$/;
const Q_OTHERS = /[^A-Za-z0-9!*+/ -]+/g;

const Q: Encoding = {
  letter: 'Q',
  width: (character) => (character === ' ' || Q_LITERAL.test(character) ? 1 : Buffer.byteLength(character, 'utf8') * 3),
  slack: 0,
  encode: (part) => part.replace(Q_OTHERS, hexadecimal).replaceAll(' ', '_'),
};

function hexadecimal(text: string): string {
  let encoded = '';
  for (const octet of Buffer.from(text, 'utf8')) encoded += `=${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  return encoded;
}
