/** Finds which of many literals a text holds, in one pass over it (Aho and Corasick, 1975). */
export type LiteralIndex = (text: string, onFound: (number: number) => void) => void;

/** Letters beyond ASCII share so many columns: a literal may be reported that is not there, never the other way. */
const SHARED = 16;

/** A state's row: where each letter leads. Column 0 is for letters that no literal has. */
type Table = { readonly next: Uint32Array; readonly columns: number; states: number };

/** Letters written between two rests. */
const STEP = 4000;

/**
 * Builds the index over literals in lower case; the text given later must be in lower case, too. It rests every few
 * thousand letters, so that whoever builds it can see to others.
 */
export function* indexingLiterals(literals: readonly (readonly string[])[]): Generator<void, LiteralIndex> {
  const words = literals.flat();
  const columnOf = columnsFor(words);
  const columns = Math.max(...columnOf) + 1 + SHARED;
  const column = (code: number) => (code < 128 ? (columnOf[code] ?? 0) : columns - SHARED + (code % SHARED));
  const size = words.reduce((sum, word) => sum + word.length, 1);
  const table: Table = { next: new Uint32Array(size * columns), columns, states: 1 };
  const ends: number[][] = [];
  let written = 0;
  for (const [number, choices] of literals.entries()) {
    for (const word of choices) {
      const state = enter(table, word, column);
      (ends[state] ??= []).push(number);
      written += word.length;
    }
    if (written > STEP) {
      written = 0;
      yield;
    }
  }
  const found = yield* completeTransitions(table, ends);
  const { next, states } = table;
  // A cell then holds the state that it leads to, and in its lowest bit whether a literal ends there: half as wide where
  // the states are few enough, since what the search waits for is memory.
  const cells = states * 2 < 1 << 16 ? new Uint16Array(states * columns) : new Uint32Array(states * columns);
  for (let cell = 0; cell < cells.length; cell += 1) {
    const state = next[cell] ?? 0;
    cells[cell] = state * 2 + (found[state] === undefined ? 0 : 1);
    if (cell % (STEP * columns) === 0) yield;
  }
  return (text, onFound) => {
    let state = 0;
    for (let at = 0; at < text.length; at += 1) {
      const cell = cells[state * columns + column(text.charCodeAt(at))] ?? 0;
      state = cell >>> 1;
      if ((cell & 1) === 1) for (const number of found[state] ?? []) onFound(number);
    }
  };
}

/** Writes a literal into the table; answers the state in which it ends. */
function enter(table: Table, word: string, column: (code: number) => number): number {
  const { next, columns } = table;
  let state = 0;
  for (let at = 0; at < word.length; at += 1) {
    const cell = state * columns + column(word.charCodeAt(at));
    if (next[cell] === 0) {
      next[cell] = table.states;
      table.states += 1;
    }
    state = next[cell] ?? 0;
  }
  return state;
}

/** Columns of the letters of ASCII that literals have. */
function columnsFor(words: readonly string[]): Uint8Array {
  const columnOf = new Uint8Array(128);
  let columns = 0;
  for (const word of words) {
    for (let at = 0; at < word.length; at += 1) {
      const code = word.charCodeAt(at);
      if (code < 128 && columnOf[code] === 0) {
        columns += 1;
        columnOf[code] = columns;
      }
    }
  }
  return columnOf;
}

/**
 * Breadth first: where no literal goes on, the longest ending that begins another one does. Answers which literals end
 * at a state.
 */
function* completeTransitions(
  { next, columns, states }: Table,
  ends: readonly (readonly number[] | undefined)[],
): Generator<void, readonly (readonly number[] | undefined)[]> {
  const found: (readonly number[] | undefined)[] = Array.from({ length: states }, (_none, state) => ends[state]);
  const fallback = new Int32Array(states);
  const queue = new Int32Array(states);
  let queued = 0;
  for (let column = 0; column < columns; column += 1) {
    if (next[column] !== 0) queue[queued++] = next[column] ?? 0;
  }
  for (let at = 0; at < queued; at += 1) {
    const state = queue[at] ?? 0;
    const behind = fallback[state] ?? 0;
    const inherited = found[behind];
    if (inherited !== undefined) {
      const own = found[state];
      found[state] = own === undefined ? inherited : [...new Set([...own, ...inherited])];
    }
    for (let column = 0; column < columns; column += 1) {
      const cell = state * columns + column;
      const other = next[behind * columns + column] ?? 0;
      const child = next[cell] ?? 0;
      if (child === 0) next[cell] = other;
      else {
        fallback[child] = other;
        queue[queued++] = child;
      }
    }
    if (at % STEP === 0) yield;
  }
  return found;
}
