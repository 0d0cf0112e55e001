import { expect, test } from 'vitest';

import { orderOverSet } from './order-over-set.ts';

type Row = readonly [name: string, placed: string, before: string, after: string, order: string];

/** Words are ids; those of operators' rules are in capitals. */
const words = (text: string): readonly string[] => text.toLowerCase().split(' ').filter(Boolean);

test.for<Row>([
  ['a set alone is in its own order', 'a b any', 'a b any', 'b c any', 'b c any'],
  ["operators' rules that stood first stand first", 'X Y a any', 'a any', 'n a any', 'x y n a any'],
  ['one put between two of the set stays behind the first', 'a X b any', 'a b any', 'b a c any', 'b a x c any'],
  ['several put there keep their order', 'a X Y any', 'a any', 'a b any', 'a x y b any'],
  ['one whose neighbour is gone stays behind the rule before that', 'a b X any', 'a b any', 'a c any', 'a x c any'],
  ['one with nothing of the set left before it stands first', 'a X any', 'a any', 'c any', 'x c any'],
  [
    "an operator's version of a rule of the set goes with the set",
    'a B c any',
    'a b c any',
    'n b a c any',
    'n b a c any',
  ],
  ['so does one of the last rule', 'a ANY', 'a any', 'b a any', 'b a any'],
  ['one that was put elsewhere stays there', 'B a c any', 'a b c any', 'a b c d any', 'b a c d any'],
  ['one whose rule the set has lost stays where it is', 'a B c any', 'a b c any', 'a c any', 'a b c any'],
  ['a rule that the set names now, too, stays where the operator put it', 'X a any', 'a any', 'a x any', 'x a any'],
  ['where there was no set, what is there stands first', 'X any', '', 'a b any', 'x a b any'],
])('%s', ([, placed, before, after, order]) => {
  const rules = placed.split(' ').map((id) => ({ id: id.toLowerCase(), isLocal: id !== id.toLowerCase() }));
  expect(orderOverSet(rules, words(before), words(after)).join(' ')).toBe(order);
});
