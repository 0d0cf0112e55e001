/**
 * What a text must hold for a pattern to match it: at least one of these literals. `undefined`: no telling, the pattern
 * must be tried on every text.
 */
export type Literals = readonly string[] | undefined;

/** What is known of a piece of a pattern. */
type Piece = {
  /** All texts that the piece can match, where they are few. */
  readonly exact: readonly string[] | undefined;
  /** Some literal of these stands in every text that the piece matches. */
  readonly required: Literals;
};

/** Texts of a piece that are listed at most. */
const MAX_EXACT = 32;

/** A literal must be that long to be worth a look; a letter of an ideographic script is as telling as three. */
const MIN_LENGTH = 3;

const ANYTHING: Piece = { exact: undefined, required: undefined };
const NOTHING: Piece = { exact: [''], required: undefined };

/** Cuts a pattern at its outermost `|`; a pattern with flags of its own is left whole. */
export function alternativesOf(pattern: string): readonly string[] {
  if (/\(\?[a-zA-Z-]+[:)]/.test(pattern) || pattern.includes(String.raw`\Q`)) return [pattern];
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < pattern.length; at += 1) {
    const letter = pattern[at];
    if (letter === '\\') at += 1;
    else if (letter === '[') at = endOfClass(pattern, at);
    else if (letter === '(') depth += 1;
    else if (letter === ')') depth -= 1;
    else if (letter === '|' && depth === 0) {
      parts.push(pattern.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, pattern.slice(start)];
}

/** The literals without which a pattern, given in lower case and known to be RE2's, cannot match. */
export function requiredLiterals(pattern: string): Literals {
  if (/\(\?[a-zA-Z-]+[:)]/.test(pattern) || pattern.includes(String.raw`\Q`)) return undefined;
  const reader = { pattern, at: 0 };
  const piece = readAlternatives(reader);
  return better(piece.required, worth(piece.exact));
}

type Reader = { readonly pattern: string; at: number };

function readAlternatives(reader: Reader): Piece {
  let piece = readSequence(reader);
  while (reader.pattern[reader.at] === '|') {
    reader.at += 1;
    piece = eitherOf(piece, readSequence(reader));
  }
  return piece;
}

function readSequence(reader: Reader): Piece {
  let run: Piece = NOTHING;
  let required: Literals;
  for (;;) {
    const letter = reader.pattern[reader.at];
    if (letter === undefined || letter === '|' || letter === ')') break;
    const next = readRepeated(reader);
    required = better(required, next.required);
    const joined = product(run.exact, next.exact);
    if (joined === undefined) {
      required = better(required, worth(run.exact));
      run = next.exact === undefined ? NOTHING : next;
      // Whatever stood before is not part of the run any more: the piece as a whole is not exact.
      const behind = readSequenceBehind(reader, run);
      return { exact: undefined, required: better(required, behind) };
    }
    run = { exact: joined, required: undefined };
  }
  return { exact: run.exact, required: better(required, worth(run.exact)) };
}

/** The rest of a sequence of which a part in front is not exact. */
function readSequenceBehind(reader: Reader, start: Piece): Literals {
  let run = start;
  let required: Literals;
  for (;;) {
    const letter = reader.pattern[reader.at];
    if (letter === undefined || letter === '|' || letter === ')') return better(required, worth(run.exact));
    const next = readRepeated(reader);
    required = better(required, next.required);
    const joined = product(run.exact, next.exact);
    if (joined === undefined) required = better(required, worth(run.exact));
    run = joined === undefined ? (next.exact === undefined ? NOTHING : next) : { exact: joined, required: undefined };
  }
}

function readRepeated(reader: Reader): Piece {
  const piece = readOne(reader);
  const rest = reader.pattern.slice(reader.at, reader.at + 14);
  const repeat = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/.exec(rest)?.[0];
  if (repeat === undefined) return piece;
  reader.at += repeat.length;
  if (repeat.startsWith('?')) return { exact: piece.exact && [...piece.exact, ''], required: undefined };
  const isOptional = repeat.startsWith('*') || repeat.startsWith('{0');
  return { exact: undefined, required: isOptional ? undefined : better(piece.required, worth(piece.exact)) };
}

function readOne(reader: Reader): Piece {
  const letter = reader.pattern[reader.at] ?? '';
  if (letter === '(') {
    reader.at += reader.pattern.startsWith('(?:', reader.at) ? 3 : 1;
    const piece = readAlternatives(reader);
    reader.at += 1;
    return piece;
  }
  if (letter === '[') {
    const end = endOfClass(reader.pattern, reader.at);
    const inside = reader.pattern.slice(reader.at + 1, end);
    reader.at = end + 1;
    return /^[^\\^[\]-]{1,4}$/.test(inside) ? { exact: Array.from(inside), required: undefined } : ANYTHING;
  }
  if (letter === '\\') {
    const escaped = reader.pattern[reader.at + 1] ?? '';
    reader.at += /^\\[pP]\{/.test(reader.pattern.slice(reader.at, reader.at + 3))
      ? reader.pattern.indexOf('}', reader.at) - reader.at + 1
      : 2;
    if (/[bBAz]/.test(escaped)) return NOTHING;
    return /[^\w\s]/.test(escaped) ? { exact: [escaped], required: undefined } : ANYTHING;
  }
  reader.at += 1;
  if (letter === '.') return ANYTHING;
  return letter === '^' || letter === '$' ? NOTHING : { exact: [letter], required: undefined };
}

function endOfClass(pattern: string, start: number): number {
  let at = start + 1;
  if (pattern[at] === '^') at += 1;
  if (pattern[at] === ']') at += 1;
  for (; at < pattern.length && pattern[at] !== ']'; at += 1) {
    if (pattern[at] === '\\') at += 1;
    else if (pattern.startsWith('[:', at)) at = pattern.indexOf(':]', at) + 1;
  }
  return at;
}

function product(
  front: readonly string[] | undefined,
  behind: readonly string[] | undefined,
): readonly string[] | undefined {
  if (front === undefined || behind === undefined || front.length * behind.length > MAX_EXACT) return undefined;
  return front.flatMap((start) => behind.map((end) => start + end));
}

function eitherOf(one: Piece, other: Piece): Piece {
  const exact = one.exact && other.exact && [...one.exact, ...other.exact];
  const first = better(one.required, worth(one.exact));
  const second = better(other.required, worth(other.exact));
  return {
    exact: exact !== undefined && exact.length <= MAX_EXACT ? exact : undefined,
    required: first && second && [...first, ...second],
  };
}

function worth(exact: readonly string[] | undefined): Literals {
  return exact !== undefined && exact.length > 0 && exact.every((text) => lengthOf(text) >= MIN_LENGTH)
    ? exact
    : undefined;
}

function lengthOf(text: string): number {
  let length = 0;
  for (const letter of text) length += letter >= '\u2e80' ? 3 : 1;
  return length;
}

/** The choice of literals that fewer texts hold. */
function better(one: Literals, other: Literals): Literals {
  if (one === undefined || other === undefined) return one ?? other;
  return frequencyOf(one) <= frequencyOf(other) ? one : other;
}

function frequencyOf(literals: readonly string[]): number {
  return literals.reduce((sum, literal) => sum + 6 ** -Math.min(lengthOf(literal), 12), 0);
}
