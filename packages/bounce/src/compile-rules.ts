import type { BounceRule, RuleTarget } from '@mxflow/domain';
import { RE2JS } from 're2js';

import { indexLiterals } from './literal-index.ts';
import { alternativesOf, requiredLiterals, type Literals } from './required-literals.ts';
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
 * Compiles a checked set. A pattern's alternatives are kept apart, each behind literals without which it cannot match:
 * one pass over a text finds the few alternatives to be tried, in the order of their rules. One automaton for all would
 * be faster on texts seen before, but grows without end on those that are not.
 *
 * @throws where a pattern is not RE2's: ask `faultsOf` first.
 */
export function compileRules(rules: readonly BounceRule[]): CompiledRules {
  const alternatives = rules.flatMap((rule, number) =>
    alternativesOf(lowerCased(rule.pattern)).map((source) => toAlternative(source, number)),
  );
  const index = indexLiterals(alternatives.map(({ literals }) => literals ?? []));
  const always = [...alternatives.keys()].filter((number) => alternatives[number]?.literals === undefined);
  return {
    rules,
    firstMatch: (target, text, subject) => {
      const lower = text.toLowerCase();
      const found = new Set(always);
      index(lower, (number) => found.add(number));
      let missed = -1;
      for (const number of Int32Array.from(found).toSorted()) {
        const alternative = alternatives[number];
        if (alternative === undefined || alternative.rule === missed) continue;
        const rule = rules[alternative.rule];
        if (rule === undefined || !rule.where.includes(target) || !conditionsHold(rule.conditions, subject))
          missed = alternative.rule;
        else if (alternative.fits(lower)) return rule;
      }
      return undefined;
    },
  };
}

type Alternative = {
  /** Its rule's place in the set. */
  readonly rule: number;
  readonly literals: Literals;
  /** Is it found anywhere in a text that is in lower case? */
  readonly fits: (text: string) => boolean;
};

function toAlternative(source: string, rule: number): Alternative {
  if (!/[\\^$.*+?()[\]{}|]/.test(source))
    return { rule, literals: source.length < 2 ? undefined : [source], fits: (text) => text.includes(source) };
  let compiled: RE2JS | undefined;
  const fits = (text: string) => {
    compiled ??= RE2JS.compile(source);
    return compiled.test(text);
  };
  return { rule, literals: requiredLiterals(source), fits };
}

/** A pattern in lower case; classes such as `\S` keep their names. */
function lowerCased(pattern: string): string {
  return pattern.replaceAll(/\\(?:[pP]\{[^}]*\}|[^])|[^\\]+/g, (part) =>
    part.startsWith('\\') ? part : part.toLowerCase(),
  );
}
