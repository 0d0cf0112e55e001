/**
 * What a text must hold for a pattern to match it: at least one literal of each of these choices. None: no telling, the
 * pattern must be tried on every text.
 */
export type Literals = readonly (readonly string[])[];

/** What is known of a piece of a pattern. */
type Piece = {
  /** All texts that the piece can match, where they are few. */
  readonly exact: readonly string[] | undefined;
  /** What stands in every text that the piece matches. */
  readonly required: Literals;
};

/** Texts of a piece that are listed at most. */
const MAX_EXACT = 32;

/** A literal must be that long to be worth a look. */
const MIN_LENGTH = 2;

/** What is looked for of a literal: a longer one would tell little more, and each letter costs a row of a table. */
const MAX_LENGTH = 12;

/** Choices kept of a pattern: the rarest; more would cost more than they spare. */
const MAX_CHOICES = 3;

const ANYTHING: Piece = { exact: undefined, required: [] };
const NOTHING: Piece = { exact: [''], required: [] };

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
  if (/\(\?[a-zA-Z-]+[:)]/.test(pattern) || pattern.includes(String.raw`\Q`)) return [];
  const piece = readAlternatives({ pattern, at: 0 });
  const choices = rarest([...piece.required, ...worth(piece.exact)]);
  return choices.map((literals) => [...new Set(literals.map((literal) => literal.slice(0, MAX_LENGTH)))]);
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
  const required: (readonly string[])[] = [];
  let run: readonly string[] | undefined = NOTHING.exact;
  let isExact = true;
  for (;;) {
    const letter = reader.pattern[reader.at];
    if (letter === undefined || letter === '|' || letter === ')') break;
    const next = readRepeated(reader);
    required.push(...next.required);
    const joined = product(run, next.exact);
    if (joined === undefined) {
      // What stood before is not part of the run any more: the sequence as a whole is not exact.
      required.push(...worth(run));
      isExact = false;
      run = next.exact ?? NOTHING.exact;
    } else {
      run = joined;
    }
  }
  return isExact
    ? { exact: run, required: rarest(required) }
    : { exact: undefined, required: rarest([...required, ...worth(run)]) };
}

function readRepeated(reader: Reader): Piece {
  const piece = readOne(reader);
  const rest = reader.pattern.slice(reader.at, reader.at + 14);
  const repeat = /^(?:[*+?]|\{\d+(?:,\d*)?\})\??/.exec(rest)?.[0];
  if (repeat === undefined) return piece;
  reader.at += repeat.length;
  if (repeat.startsWith('?')) return { exact: piece.exact && [...piece.exact, ''], required: [] };
  const isOptional = repeat.startsWith('*') || repeat.startsWith('{0');
  return { exact: undefined, required: isOptional ? [] : rarest([...piece.required, ...worth(piece.exact)]) };
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
    return /^(?:[[\]]|[^\\^[\]-]{1,4})$/.test(inside) ? { exact: Array.from(inside), required: [] } : ANYTHING;
  }
  if (letter === '\\') {
    const escaped = reader.pattern[reader.at + 1] ?? '';
    reader.at += /^\\[pP]\{/.test(reader.pattern.slice(reader.at, reader.at + 3))
      ? reader.pattern.indexOf('}', reader.at) - reader.at + 1
      : 2;
    if (/[bBAz]/.test(escaped)) return NOTHING;
    return /[^\w\s]/.test(escaped) ? { exact: [escaped], required: [] } : ANYTHING;
  }
  reader.at += 1;
  if (letter === '.') return ANYTHING;
  return letter === '^' || letter === '$' ? NOTHING : { exact: [letter], required: [] };
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
  if (exact !== undefined && exact.length <= MAX_EXACT) return { exact, required: [] };
  const [first] = rarest([...one.required, ...worth(one.exact)]);
  const [second] = rarest([...other.required, ...worth(other.exact)]);
  return { exact: undefined, required: first && second ? [[...first, ...second]] : [] };
}

/** Texts as a choice of literals, where each is long enough to be worth a look. */
function worth(exact: readonly string[] | undefined): Literals {
  return exact !== undefined && exact.length > 0 && exact.every((text) => lengthOf(text) >= MIN_LENGTH) ? [exact] : [];
}

/** A letter of an ideographic script is as telling as three of an alphabet. */
function lengthOf(text: string): number {
  let length = 0;
  for (const letter of text) length += letter >= '\u2e80' ? 3 : 1;
  return length;
}

/** The choices that the fewest texts hold, the rarest first. */
function rarest(choices: Literals): Literals {
  if (choices.length < 2) return choices;
  return choices.toSorted((one, other) => frequencyOf(one) - frequencyOf(other)).slice(0, MAX_CHOICES);
}

const frequencies = new WeakMap<readonly string[], number>();

function frequencyOf(literals: readonly string[]): number {
  const known = frequencies.get(literals);
  if (known !== undefined) return known;
  const frequency = literals.reduce((sum, literal) => sum + 6 ** -Math.min(lengthOf(literal), MAX_LENGTH), 0);
  frequencies.set(literals, frequency);
  return frequency;
}
