import { countRuns, DEFAULT_RULES, faultsOfRule } from '@mxflow/bounce';
import { RuleSetContent, RuleSetDocument, type RuleSetFault } from '@mxflow/contracts';
import { domainMaskFault, lintRules, maskFault, readMxRule } from '@mxflow/domain';
import { feedbackFaults } from '@mxflow/feedback';
import type { TSchema } from 'typebox';

import { rulesOf, toBounceRule, toFeedbackRule } from './rules-of.ts';
import { compileFaults } from './schema-faults.ts';

/**
 * What is wrong with a published rule set; `[]` where it may be used. One measure for the editor, for publishing and for
 * a sync: schema, order and limits of the MX rules, every pattern, every example.
 */
export function faultsOfRuleSet(document: unknown): readonly RuleSetFault[] {
  return faultsBySchema(RuleSetDocument, document);
}

/** The same of a rule set that has no number yet. */
export function faultsOfContent(content: unknown): readonly RuleSetFault[] {
  return faultsBySchema(RuleSetContent, content);
}

const compiled = new Map<TSchema, (value: unknown) => readonly RuleSetFault[]>();

function faultsBySchema(schema: TSchema, value: unknown): readonly RuleSetFault[] {
  const schemaFaults = compiled.get(schema) ?? compileFaults(schema);
  compiled.set(schema, schemaFaults);
  for (const faultsOf of [schemaFaults, faultsOfRules, faultsOfCost]) {
    const faults = faultsOf(value as RuleSetContent);
    if (faults.length > 0) return faults;
  }
  return [];
}

/** Automata that a set may run over a text, on average: some ten times what the bundled rules do. */
const MAX_RUNS = 50;
/** Texts of every kind. */
const TEXTS = DEFAULT_RULES.flatMap(({ matches, leaves }) => [...matches, ...leaves]);

/** Each pattern may be cheap, and thousands that name nothing rare be run over every reply. */
function faultsOfCost({ bounceRules }: RuleSetContent): readonly RuleSetFault[] {
  const enough = MAX_RUNS * TEXTS.length;
  const runs = countRuns(bounceRules.map(toBounceRule), TEXTS, enough);
  if (runs.reduce((sum, ofRule) => sum + ofRule, 0) < enough) return [];
  const index = runs.indexOf(Math.max(...runs));
  return [
    {
      pointer: `/bounceRules/${index}/pattern`,
      ...(bounceRules[index] && { id: bounceRules[index].id }),
      expected: `patterns with words that few texts hold: fewer than ${MAX_RUNS} of the set run over a text on average`,
      found: 'more; this one is run most often',
    },
  ];
}

function faultsOfRules(content: RuleSetContent): readonly RuleSetFault[] {
  const { mxRules, bounceRules, feedbackRules, domainRules, policies } = content;
  return [
    ...mxRuleFaults(content),
    ...repeated('mxRules', mxRules, ({ id }) => id),
    ...repeated('bounceRules', bounceRules, ({ id }) => id),
    ...repeated('feedbackRules', feedbackRules, ({ id }) => id),
    ...repeated('domainRules', domainRules, ({ id }) => id),
    ...repeated('policies', policies, ({ reason }) => reason),
    ...faultsIn('bounceRules', bounceRules, (rule) => faultsOfRule(toBounceRule(rule))),
    ...faultsIn('feedbackRules', feedbackRules, feedbackRuleFaults),
    ...faultsIn('domainRules', domainRules, (rule) => maskFaults(rule.mask, domainMaskFault(rule))),
  ];
}

/** Rule by rule; where each is sound, how they stand beside each other. */
function mxRuleFaults(content: RuleSetContent): readonly RuleSetFault[] {
  const faults = faultsIn('mxRules', content.mxRules, (rule) => {
    const read = readMxRule(rule, { id: rule.id, isCustom: false });
    return read.kind === 'rule' ? [] : read.faults;
  });
  if (faults.length > 0) return faults;
  const { mxRules } = rulesOf({ ...content, bounceRules: [], feedbackRules: [] });
  return lintRules(mxRules, []).map(({ ruleId, kind, text }) => {
    const index = mxRules.findIndex(({ id }) => id === ruleId);
    return {
      pointer: index < 0 ? '/mxRules' : `/mxRules/${index}`,
      ...(ruleId === undefined ? {} : { id: ruleId }),
      expected: 'rules of which each can hold, in the order of their levels',
      found: `${kind}: ${text}`,
    };
  });
}

type WrittenFeedbackRule = RuleSetContent['feedbackRules'][number];

function feedbackRuleFaults(rule: WrittenFeedbackRule): readonly RuleSetFault[] {
  const { kind, cap } = rule.action;
  return [
    ...maskFaults(rule.mask, maskFault(rule.mask)),
    ...(kind === 'suspend' && cap !== undefined
      ? [{ pointer: '/action/cap', expected: 'none: nothing at all is sent', found: String(cap) }]
      : []),
    ...(kind !== 'suspend' && cap === undefined
      ? [{ pointer: '/action/cap', expected: 'what is left of connections or messages', found: 'nothing' }]
      : []),
    ...feedbackFaults(toFeedbackRule(rule)),
  ];
}

function maskFaults(mask: string, expected: string | undefined): readonly RuleSetFault[] {
  return expected === undefined ? [] : [{ pointer: '/mask', expected, found: mask }];
}

function faultsIn<Rule extends { readonly id: string }>(
  list: string,
  rules: readonly Rule[],
  faultsOf: (rule: Rule) => readonly RuleSetFault[],
): readonly RuleSetFault[] {
  return rules.flatMap((rule, index) =>
    faultsOf(rule).map((fault) => ({ ...fault, pointer: `/${list}/${index}${fault.pointer}`, id: rule.id })),
  );
}

function repeated<Item>(list: string, items: readonly Item[], nameOf: (item: Item) => string): readonly RuleSetFault[] {
  const seen = new Set<string>();
  return items.flatMap((item, index) => {
    const id = nameOf(item);
    if (!seen.has(id)) {
      seen.add(id);
      return [];
    }
    return [{ pointer: `/${list}/${index}`, id, expected: 'each name once', found: `${id} a second time` }];
  });
}
