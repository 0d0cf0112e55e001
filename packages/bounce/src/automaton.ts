import { RE2JS } from 're2js';

/** States that are kept: what hostile texts can make one automaton need is bounded. */
const MOST_STATES = 1000;

const FIRST_ROWS = 16;

/** Classes of letters beyond which none are held against each other: patterns of few words have some fifty. */
const MOST_MERGED = 256;

/** The state before the first letter; 0 stands for a transition that no text has taken yet. */
const START = 1;

/** What stands behind the last letter. */
const END = -1;

/** The engine's words: all that may hold at a position holds before the first letter; a match may begin anywhere. */
const TEXT_BEGINS = 0xff;
const UNANCHORED = 0;

type State = { readonly isMatch: boolean };

/**
 * A row for each state. A cell holds where a letter leads: the state's number, and in the lowest bit whether the pattern
 * was found.
 */
type Table = {
  cells: Uint16Array;
  readonly columns: number;
  readonly numbers: Map<State, number>;
  readonly states: State[];
};

/**
 * Answers whether a pattern is found anywhere in a text in plain letters, in time linear in its length. RE2 makes the
 * automaton's states as texts lead there; here they are rows of one narrow table, which is several times as fast as
 * following the engine's objects.
 *
 * @throws where the pattern is not RE2's.
 */
export function automatonOf(pattern: string): (text: string) => boolean {
  // Without regard to case, though the text has none left: the engine's own search for literals would be a second one.
  const engine = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
  const { dfa } = engine.re2Input;
  const columnOfClass = columnsFor(engine);
  const columnOf = Uint16Array.from(dfa.latin1Class, (letters) => columnOfClass[letters] ?? 0);
  const end = Math.max(...columnOfClass) + 1;
  const columns = end + 1;
  let table = begin(engine, columns);

  /** Asks the engine where a letter leads. 0 where there is no room for more: the whole text is for the engine, then. */
  const learn = (state: number, column: number, rune: number): number => {
    const letters = rune === END ? dfa.numClasses : dfa.runeClass(rune);
    const isFull = table.numbers.size === MOST_STATES;
    const next = isFull ? null : (dfa.step(table.states[state], letters, rune, UNANCHORED) as State | null);
    if (next === null) {
      table = begin(engine, columns);
      return 0;
    }
    const cell = cellFor(table, next);
    table.cells[state * columns + column] = cell;
    return cell;
  };
  return (text) => {
    let state = START;
    for (let at = 0; at < text.length; at += 1) {
      let rune = text.charCodeAt(at);
      if ((rune & 0xfc00) === 0xd800) {
        rune = text.codePointAt(at) ?? rune;
        if (rune > 0xffff) at += 1;
      }
      const column = rune < columnOf.length ? (columnOf[rune] ?? 0) : (columnOfClass[dfa.searchClass(rune)] ?? 0);
      const cell = table.cells[state * columns + column] || learn(state, column, rune);
      if (cell === 0) return engine.test(text);
      if ((cell & 1) === 1) return true;
      state = cell >>> 1;
    }
    const cell = table.cells[state * columns + end] || learn(state, end, END);
    return cell === 0 ? engine.test(text) : (cell & 1) === 1;
  };
}

/** A table with no more than the first state, whose number is `START`. */
function begin({ re2Input: { dfa } }: RE2JS, columns: number): Table {
  dfa.clearCache();
  const table: Table = { cells: new Uint16Array(FIRST_ROWS * columns), columns, numbers: new Map(), states: [] };
  cellFor(table, dfa.start({ context: () => TEXT_BEGINS }, 0));
  return table;
}

/** What a cell holds that leads to a state; one that is new gets a row. */
function cellFor(table: Table, state: State): number {
  let number = table.numbers.get(state);
  if (number === undefined) {
    number = table.numbers.size + START;
    table.numbers.set(state, number);
    table.states[number] = state;
    if ((number + 1) * table.columns > table.cells.length) {
      const wider = new Uint16Array(table.cells.length * 2);
      wider.set(table.cells);
      table.cells = wider;
    }
  }
  return number * 2 + (state.isMatch ? 1 : 0);
}

/**
 * A column for each of the engine's classes of letters: one for all that no instruction tells apart. It has a class of
 * its own for the letters between any two that a pattern names, and narrow rows stay in a core's own cache.
 */
function columnsFor({ re2Input: { dfa, prog } }: RE2JS): readonly number[] {
  const columns = new Map<string, number>();
  const canMerge = dfa.numClasses <= MOST_MERGED;
  return Array.from({ length: dfa.numClasses }, (_none, letters) => {
    if (!canMerge) return letters;
    const rune = letters === 0 ? 0 : (dfa.classBounds[letters - 1] ?? 0);
    // Line ends and the letters of words are told apart by `$` and `\b`.
    let told = `${rune === 10} ${rune < 128 && /\w/.test(String.fromCharCode(rune))} `;
    for (let pc = 0; pc < prog.numInst(); pc += 1) told += prog.getInst(pc).matchRune(rune) === true ? 1 : 0;
    const column = columns.get(told) ?? columns.size;
    columns.set(told, column);
    return column;
  });
}
