import type { BounceRule } from '@mxflow/domain';
import { RE2JS } from 're2js';

import { codesIn } from './codes.ts';
import { plainLetters, plainPattern } from './letters.ts';
import { alternativesOf } from './required-literals.ts';
import { conditionsHold } from './rule.ts';
import { faultsOfWords, type BounceRuleFault } from './rule-words.ts';
import { visibleText } from './visible-text.ts';

/** What a rule may cost: one bad pattern slows every text down that it is tried on. */
export const RULE_LIMITS = {
  patternCharacters: 4000,
  /** The largest upper bound of a repeat such as `x{0,10}`: bounded repeats multiply states. */
  repeat: 12,
  /** The product of nested bounds, and what all bounds of a pattern add up to. */
  repeats: 60,
  /** Instructions of the compiled pattern, and of each of its alternatives, which are run on their own. */
  instructions: 4000,
  alternativeInstructions: 1000,
  examples: 50,
} as const;

/** Why a rule cannot be saved; `undefined` where it can. */
export function faultOf(rule: BounceRule): string | undefined {
  const [fault] = faultsOfRule(rule);
  return fault && `${fault.pointer.slice(1)}: expected ${fault.expected}, found ${fault.found}`;
}

/** Everything that is wrong with a rule, each at its place; `[]` where it can be saved. */
export function faultsOfRule(rule: BounceRule): readonly BounceRuleFault[] {
  const found = faultOfPattern(rule.pattern);
  return [
    ...faultsOfWords(rule),
    ...(found === undefined
      ? faultsOfExamples(rule)
      : [{ pointer: '/pattern', expected: 'a pattern that can be run', found }]),
  ];
}

/** Why a pattern is refused: it is not RE2's, or its automaton would be too large. */
export function faultOfPattern(pattern: string): string | undefined {
  if (pattern === '') return 'the pattern is empty';
  if (pattern.length > RULE_LIMITS.patternCharacters) {
    return `the pattern has ${pattern.length} characters, at most ${RULE_LIMITS.patternCharacters} are allowed`;
  }
  const repeat = faultOfRepeats(pattern);
  if (repeat !== undefined) return repeat;
  try {
    const compiled = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
    if (compiled.matcher('').find()) return 'the pattern matches the empty text';
    const size = compiled.programSize();
    if (size > RULE_LIMITS.instructions) {
      return `the pattern compiles to ${size} instructions, at most ${RULE_LIMITS.instructions} are allowed`;
    }
    const parts = alternativesOf(pattern);
    const largest = Math.max(...parts.map((part) => RE2JS.compile(part, RE2JS.CASE_INSENSITIVE).programSize()));
    if (largest > RULE_LIMITS.alternativeInstructions) {
      return `an alternative compiles to ${largest} instructions, at most ${RULE_LIMITS.alternativeInstructions} are allowed`;
    }
  } catch (error) {
    return `the pattern is not one of RE2: ${error instanceof Error ? error.message : String(error)}`;
  }
  return undefined;
}

function faultOfRepeats(pattern: string): string | undefined {
  let sum = 0;
  for (const [written, low = '', high] of pattern.replaceAll(/\\./g, '__').matchAll(/\{(\d{1,5})(?:,(\d{0,5}))?\}/g)) {
    const bound = Math.max(Number(low), Number(high ?? 0));
    sum += bound;
    if (bound > RULE_LIMITS.repeat) return `the repeat ${written} is too large: at most ${RULE_LIMITS.repeat}`;
    if (sum > RULE_LIMITS.repeats) return `the bounded repeats add up to more than ${RULE_LIMITS.repeats}`;
  }
  return undefined;
}

function faultsOfExamples(rule: BounceRule): readonly BounceRuleFault[] {
  const { matches, leaves } = rule;
  const compiled = RE2JS.compile(plainPattern(rule.pattern), RE2JS.CASE_INSENSITIVE);
  const fits = (example: string) => compiled.matcher(plainLetters(visibleText(example))).find();
  // Whether an example names the MX host or the sender is not known: only what stands in its text is asked for.
  const { replyCodes, enhancedStatuses } = rule.conditions ?? {};
  const conditions = { ...(replyCodes && { replyCodes }), ...(enhancedStatuses && { enhancedStatuses }) };
  const holds = (example: string) =>
    fits(example) && conditionsHold(conditions, { ...codesIn(example), mxHost: undefined, sender: undefined });
  const many = matches.length + leaves.length;
  return [
    ...(many <= RULE_LIMITS.examples
      ? []
      : [{ pointer: '/matches', expected: `at most ${RULE_LIMITS.examples} examples`, found: String(many) }]),
    ...faultsOfList('/matches', matches, { expected: 'an example that the rule matches', isRight: holds }),
    ...faultsOfList('/leaves', leaves, {
      expected: 'an example that the rule leaves alone',
      isRight: (example) => !holds(example),
    }),
  ];
}

function faultsOfList(
  pointer: string,
  examples: readonly string[],
  { expected, isRight }: { readonly expected: string; readonly isRight: (example: string) => boolean },
): readonly BounceRuleFault[] {
  if (examples.length === 0) return [{ pointer, expected, found: 'none' }];
  return examples.flatMap((example, index) =>
    isRight(example) ? [] : [{ pointer: `${pointer}/${index}`, expected, found: example }],
  );
}
