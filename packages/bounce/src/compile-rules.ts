import { setImmediate } from 'node:timers/promises';

import type { BounceRule, RuleTarget } from '@mxflow/domain';

import { automatonOf } from './automaton.ts';
import { plainLetters, plainPattern } from './letters.ts';
import { indexingLiterals } from './literal-index.ts';
import { alternativesOf, requiredLiterals } from './required-literals.ts';
import { conditionsHold, type RuleSubject } from './rule.ts';
import { faultOf } from './rule-check.ts';

/** An ordered set of rules, ready to be held against texts. */
export type CompiledRules = {
  readonly rules: readonly BounceRule[];
  /** The first rule in the set's order that looks at `target` and fits, or `undefined`. */
  readonly firstMatch: (target: RuleTarget, text: string, subject: RuleSubject) => BounceRule | undefined;
};

/** Why a set of rules is refused: each faulty rule with its fault. */
export type RuleFault = { readonly id: string; readonly fault: string };

/** The faults of a set of rules, duplicate names included; empty where the set is good. */
export function faultsOf(rules: readonly BounceRule[]): readonly RuleFault[] {
  const seen = new Set<string>();
  return rules.flatMap((rule) => {
    const fault = seen.has(rule.id) ? 'another rule has the same name' : faultOf(rule);
    seen.add(rule.id);
    return fault === undefined ? [] : [{ id: rule.id, fault }];
  });
}

/** The same for a thread that has others to serve. */
export async function faultsInSlices(rules: readonly BounceRule[]): Promise<readonly RuleFault[]> {
  const faults: RuleFault[] = [];
  for (const rule of rules) {
    faults.push(...faultsOf([rule]));
    await setImmediate();
  }
  return faults;
}

/**
 * Compiles a checked set. A pattern's alternatives are kept apart, each behind literals without which it cannot match:
 * one pass over a text finds the few alternatives to be tried, in the order of their rules. One automaton for all would
 * be faster on texts seen before, but grows without end on those that are not. An alternative itself is compiled when it
 * is first tried.
 *
 * @throws where a pattern is not RE2's: ask `faultsOf` first.
 */
export function compileRules(rules: readonly BounceRule[]): CompiledRules {
  return finish(compiling(rules));
}

function finish<Result>(work: Generator<void, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** How long a thread that serves others is held at once. */
const SLICE_MS = 10;

/** The same for a thread that has others to serve, too: it comes back to them every few milliseconds. */
export async function compileRulesInSlices(rules: readonly BounceRule[]): Promise<CompiledRules> {
  const work = compiling(rules);
  for (;;) {
    const end = performance.now() + SLICE_MS;
    do {
      const step = work.next();
      if (step.done === true) return step.value;
    } while (performance.now() < end);
    await setImmediate();
  }
}

/** Compiles a set step by step. */
function* compiling(rules: readonly BounceRule[]): Generator<void, CompiledRules> {
  const parts = yield* cuttingUp(rules);
  return { rules, firstMatch: firstMatchAmong(parts) };
}

function* cuttingUp(rules: readonly BounceRule[]): Generator<void, Parts> {
  const alternatives: Alternative[] = [];
  for (const [number, rule] of rules.entries()) {
    for (const source of alternativesOf(plainPattern(rule.pattern))) {
      alternatives.push(toAlternative(source, number));
      yield;
    }
  }
  return { rules, alternatives, candidates: yield* candidatesOf(alternatives) };
}

/**
 * How many automata each of these rules has run over these texts where no rule before it takes them: what a set costs,
 * whatever the machine. Conditions on codes, hosts and senders spare more.
 *
 * @param enough counting ends with the text at which all together have come to so many.
 */
export function countRuns(rules: readonly BounceRule[], texts: readonly string[], enough: number): readonly number[] {
  const { alternatives, candidates } = finish(cuttingUp(rules));
  const runs = rules.map(() => 0);
  let sum = 0;
  for (const text of texts.map(plainLetters)) {
    if (sum >= enough) break;
    for (const number of candidates(text)) {
      const { rule = 0, mayFit } = alternatives[number] ?? {};
      if (mayFit?.(text) !== true) continue;
      runs[rule] = (runs[rule] ?? 0) + 1;
      sum += 1;
    }
  }
  return runs;
}

type Parts = {
  readonly rules: readonly BounceRule[];
  readonly alternatives: readonly Alternative[];
  readonly candidates: (text: string) => readonly number[];
};

function firstMatchAmong({ rules, alternatives, candidates }: Parts): CompiledRules['firstMatch'] {
  return (target, text, subject) => {
    const plain = plainLetters(text);
    let passedOver = -1;
    for (const number of candidates(plain)) {
      const alternative = alternatives[number];
      if (alternative === undefined || alternative.rule === passedOver) continue;
      const rule = rules[alternative.rule];
      if (rule === undefined || !rule.where.includes(target) || !conditionsHold(rule.conditions, subject)) {
        passedOver = alternative.rule;
      } else if (alternative.mayFit(plain) && alternative.fits(plain)) return rule;
    }
    return undefined;
  };
}

/** Finds the alternatives that a text may match, in their order: those of which it holds the rarest literal, or that have none. */
function* candidatesOf(alternatives: readonly Alternative[]): Generator<void, (text: string) => readonly number[]> {
  const always = [...alternatives.keys()].filter((number) => alternatives[number]?.rarest.length === 0);
  const index = yield* indexingLiterals(alternatives.map(({ rarest }) => rarest));
  const seen = new Uint8Array(alternatives.length);
  return (text) => {
    const found = [...always];
    index(text, (number) => {
      if (seen[number] === 1) return;
      seen[number] = 1;
      insert(found, number);
    });
    for (const number of found) seen[number] = 0;
    return found;
  };
}

/** Keeps a short list in its order: sorting at the end would cost more than the search. */
function insert(sorted: number[], number: number): void {
  let at = sorted.length;
  for (let before = sorted[at - 1]; before !== undefined && before > number; before = sorted[at - 1]) {
    sorted[at] = before;
    at -= 1;
  }
  sorted[at] = number;
}

type Alternative = {
  /** Its rule's place in the set. */
  readonly rule: number;
  /** One of these stands in every text that it matches. None: it must be tried on all. */
  readonly rarest: readonly string[];
  /** May it be found in a text in plain letters? Where not, the text lacks a literal that it needs. */
  readonly mayFit: (text: string) => boolean;
  /** Is it found anywhere in a text in plain letters? */
  readonly fits: (text: string) => boolean;
};

function toAlternative(source: string, rule: number): Alternative {
  if (!/[\\^$.*+?()[\]{}|]/.test(source)) {
    const fits = (text: string) => text.includes(source);
    return { rule, rarest: source.length < 2 ? [] : [source], mayFit: fits, fits };
  }
  let automaton: ReturnType<typeof automatonOf> | undefined;
  const fits = (text: string) => (automaton ??= automatonOf(source))(text);
  // Common words are found everywhere: they are looked for only where the rarest stand.
  const [rarest = [], ...others] = requiredLiterals(source);
  const mayFit = (text: string) => others.every((choice) => choice.some((literal) => text.includes(literal)));
  return { rule, rarest, mayFit, fits };
}
