import { RULE_TARGETS, type BounceRule, type RuleTarget } from '@mxflow/domain';
import { RE2JS, RE2Set } from 're2js';

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

/**
 * Compiles a checked set: one automaton per target, so that a text is read once however many rules there are. The
 * targets that share their rules share the automaton.
 *
 * @throws where a pattern is not RE2's: ask `faultsOf` first.
 */
export function compileRules(rules: readonly BounceRule[]): CompiledRules {
  const matchers = new Map<string, Matcher>();
  const byTarget = new Map<RuleTarget, Matcher>();
  for (const target of RULE_TARGETS) {
    const numbers = [...rules.keys()].filter((number) => rules[number]?.where.includes(target));
    const key = numbers.join(',');
    const matcher = matchers.get(key) ?? compileMatcher(rules, numbers);
    matchers.set(key, matcher);
    byTarget.set(target, matcher);
  }
  return {
    rules,
    firstMatch: (target, text, subject) => {
      if (text === '') return undefined;
      for (const number of byTarget.get(target)?.(text) ?? []) {
        const rule = rules[number];
        if (rule !== undefined && conditionsHold(rule.conditions, subject)) return rule;
      }
      return undefined;
    },
  };
}

/** The numbers of the rules that a text matches, in their order. */
type Matcher = (text: string) => readonly number[];

/** Assertions send the whole set to a slow engine: such patterns are run one by one, behind their own literals. */
const ASSERTION = /\\[bB]|\(\?[a-zA-Z]*m/;

function compileMatcher(rules: readonly BounceRule[], numbers: readonly number[]): Matcher {
  if (numbers.length === 0) return () => [];
  const patternOf = (number: number) => rules[number]?.pattern ?? '';
  const single = numbers
    .filter((number) => ASSERTION.test(patternOf(number)))
    .map((number) => ({ number, compiled: RE2JS.compile(patternOf(number), RE2JS.CASE_INSENSITIVE) }));
  const together = numbers.filter((number) => !ASSERTION.test(patternOf(number)));
  const set = new RE2Set(RE2Set.UNANCHORED, RE2JS.CASE_INSENSITIVE, SET_OCTETS);
  for (const number of together) set.add(patternOf(number));
  if (together.length > 0) set.compile();
  return (text) => {
    const found = together.length === 0 ? [] : set.match(text).map((index) => together[index] ?? 0);
    for (const { number, compiled } of single) if (compiled.matcher(text).find()) found.push(number);
    return found.toSorted((one, other) => one - other);
  };
}

/** Memory that a set's automaton may take before it starts anew. */
const SET_OCTETS = 64 << 20;
