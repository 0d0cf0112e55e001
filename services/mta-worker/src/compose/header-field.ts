import { encodeWords } from './encoded-words.ts';

/** RFC 5322 §2.1.1: a line should not be longer than this; a word that is stands on a line of its own. */
const LINE = 78;
/** Beyond this a word is encoded, since encoded words can be cut and no line may pass 998. */
const MAX_WORD = 800;

// eslint-disable-next-line no-control-regex -- control characters are what must not be there
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;
/** Single-spaced printable ASCII: folds and unfolds to itself. */
const SIMPLE = /^[!-~]+(?: [!-~]+)*$/;
const LONG_WORD = new RegExp(`[!-~]{${MAX_WORD}}`);

/** True where a value would break out of its line: CR, LF, NUL and every other control character but the tab. */
export function breaksLine(value: string): boolean {
  return CONTROL.test(value);
}

/** A whole field, folded, without the CRLF behind it. The value was asked about by `breaksLine`. */
export function unstructuredField(name: string, value: string): string {
  if (value === '') return `${name}:`;
  if (!SIMPLE.test(value) || value.includes('=?') || LONG_WORD.test(value)) {
    return `${name}: ${encodeWords(value, name.length + 2)}`;
  }
  const whole = `${name}: ${value}`;
  if (whole.length <= LINE) return whole;
  // The field's name keeps its first word: a line of nothing but a name is obsolete syntax.
  const [first = '', ...rest] = value.split(' ');
  return foldAfter(`${name}: ${first}`, rest, ' ');
}

/** Joins what may be parted by a fold, a new line wherever the next would be too long. */
export function foldAfter(start: string, parts: readonly string[], glue: ' ' | ''): string {
  let folded = start;
  let column = start.length;
  for (const part of parts) {
    if (column + glue.length + part.length > LINE) {
      folded += `\r\n ${part}`;
      column = 1 + part.length;
    } else {
      folded += glue + part;
      column += glue.length + part.length;
    }
  }
  return folded;
}
