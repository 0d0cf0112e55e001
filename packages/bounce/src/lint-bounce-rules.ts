import type { BounceRule } from '@mxflow/domain';

import { codesIn } from './codes.ts';
import { compileRulesInSlices, type CompiledRules } from './compile-rules.ts';
import type { RuleSubject } from './rule.ts';
import { visibleText } from './visible-text.ts';

/** Something that is odd about a rule of a set. */
export type BounceRuleFinding = {
  /**
   * `duplicate`: an earlier rule asks for the same. `shadowed`: earlier rules take every text that it must match.
   * `contradicted`: an earlier rule takes one of them, and says otherwise of it.
   */
  readonly kind: 'duplicate' | 'shadowed' | 'contradicted';
  readonly ruleId: string;
  readonly text: string;
};

/** What is odd about rules beside each other, by their own examples; of a set without faults. */
export async function lintBounceRules(rules: readonly BounceRule[]): Promise<readonly BounceRuleFinding[]> {
  const compiled = await compileRulesInSlices(rules);
  const seen = new Map<string, string>();
  return rules.flatMap((rule): readonly BounceRuleFinding[] => {
    const asked = askedBy(rule);
    const twin = seen.get(asked);
    if (twin !== undefined) {
      return [{ kind: 'duplicate', ruleId: rule.id, text: `${rule.id} asks for the same as ${twin} before it` }];
    }
    seen.set(asked, rule.id);
    return shadowsOver(rule, compiled);
  });
}

function askedBy({ pattern, where, conditions = {} }: BounceRule): string {
  const { replyCodes = [], enhancedStatuses = [], mxMasks = [], senders = [] } = conditions;
  const lists = [where, replyCodes, enhancedStatuses, mxMasks, senders];
  return JSON.stringify([pattern, ...lists.map((list) => list.toSorted())]);
}

function shadowsOver(rule: BounceRule, compiled: CompiledRules): readonly BounceRuleFinding[] {
  const takers = rule.matches.map((example) => ({ example, taker: takerOf(example, rule, compiled) }));
  const taken = takers.filter(({ taker }) => taker !== rule);
  if (taken.length === takers.length) {
    const names = [...new Set(taken.map(({ taker }) => taker?.id ?? 'no rule'))].join(', ');
    return [{ kind: 'shadowed', ruleId: rule.id, text: `${rule.id} never decides its own examples: ${names} does` }];
  }
  return taken.flatMap(({ example, taker }) =>
    taker === undefined || (taker.reason === rule.reason && taker.type === rule.type)
      ? []
      : [
          {
            kind: 'contradicted' as const,
            ruleId: rule.id,
            text: `${rule.id} says ${rule.reason} of "${example}", but ${taker.id} before it says ${taker.reason}`,
          },
        ],
  );
}

/** The rule that decides an example: the rule itself where that is so anywhere that it looks. */
function takerOf(example: string, rule: BounceRule, compiled: CompiledRules): BounceRule | undefined {
  const subject: RuleSubject = {
    ...codesIn(example),
    mxHost: rule.conditions?.mxMasks?.[0]?.replace('*', 'mx1'),
    sender: rule.conditions?.senders?.[0]?.replace(/^@?/, 'postmaster@'),
  };
  const text = visibleText(example);
  const takers = rule.where.map((target) => compiled.firstMatch(target, text, subject));
  return takers.find((taker) => taker === rule) ?? takers[0];
}
