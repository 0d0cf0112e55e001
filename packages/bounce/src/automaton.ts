import { RE2JS } from 're2js';

/** States that are kept: what hostile texts can make one automaton need is bounded. */
const MOST_STATES = 1000;

const FIRST_ROWS = 16;

/** The state before the first letter; 0 stands for a transition that no text has taken yet. */
const START = 1;

/** What stands behind the last letter. */
const END = -1;

/** The engine's words: all that may hold at a position holds before the first letter; a match may begin anywhere. */
const TEXT_BEGINS = 0xff;
const UNANCHORED = 0;

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
  const columns = dfa.numClasses + 1;
  const columnOf = Uint16Array.from(dfa.latin1Class);
  let cells = new Uint16Array(FIRST_ROWS * columns);
  let numbers = new Map<unknown, number>();
  let states: unknown[] = [];

  /** A cell for those that lead there: the state's number, and in the lowest bit whether the pattern was found. */
  const cellFor = (state: { readonly isMatch: boolean }): number => {
    let number = numbers.get(state);
    if (number === undefined) {
      number = numbers.size + START;
      numbers.set(state, number);
      states[number] = state;
      if ((number + 1) * columns > cells.length) {
        const wider = new Uint16Array(cells.length * 2);
        wider.set(cells);
        cells = wider;
      }
    }
    return number * 2 + (state.isMatch ? 1 : 0);
  };
  const begin = (): void => {
    dfa.clearCache();
    cells = new Uint16Array(FIRST_ROWS * columns);
    numbers = new Map();
    states = [];
    cellFor(dfa.start({ context: () => TEXT_BEGINS }, 0));
  };
  /** Asks the engine where a letter leads. 0 where there is no room for more: the whole text is for the engine, then. */
  const learn = (state: number, column: number, rune: number): number => {
    const next = numbers.size < MOST_STATES ? dfa.step(states[state], column, rune, UNANCHORED) : null;
    const cell = next === null ? 0 : cellFor(next);
    if (cell === 0) begin();
    else cells[state * columns + column] = cell;
    return cell;
  };
  begin();
  return (text) => {
    let state = START;
    for (let at = 0; at < text.length; at += 1) {
      let rune = text.charCodeAt(at);
      if ((rune & 0xfc00) === 0xd800) {
        rune = text.codePointAt(at) ?? rune;
        if (rune > 0xffff) at += 1;
      }
      const column = rune < columnOf.length ? (columnOf[rune] ?? 0) : dfa.searchClass(rune);
      const cell = cells[state * columns + column] || learn(state, column, rune);
      if (cell === 0) return engine.test(text);
      if ((cell & 1) === 1) return true;
      state = cell >>> 1;
    }
    const cell = cells[state * columns + columns - 1] || learn(state, columns - 1, END);
    return cell === 0 ? engine.test(text) : (cell & 1) === 1;
  };
}
