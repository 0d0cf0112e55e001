import { isDeepStrictEqual } from 'node:util';

import type { RuleListDiff, RuleSetDiff } from '@mxflow/contracts';
import { PRESETS, type Level, type MxRule } from '@mxflow/domain';

/** What leads from one rule set to another: rules by their ids, and within a rule field by field. */
export function compareRuleSets(before: ComparedRules, after: ComparedRules): RuleSetDiff {
  const named = (policies: ComparedRules['policies']) =>
    policies.map(({ reason, ...rest }) => ({ id: reason, ...rest }));
  return {
    mxRules: compareLists(before.mxRules, after.mxRules),
    bounceRules: compareLists(before.bounceRules, after.bounceRules),
    feedbackRules: compareLists(before.feedbackRules, after.feedbackRules),
    domainRules: compareLists(before.domainRules, after.domainRules),
    policies: { ...compareLists(named(before.policies), named(after.policies)), reordered: false },
  };
}

/**
 * The same of what holds in an instance, where of an MX rule only the figures of the level in force, and of levels that
 * sources have of their own, mean anything. That another level brings other figures is what was asked for: only a rule that
 * has figures of its own is told to lose them.
 */
export function compareRulesInForce(before: LevelledRules, after: LevelledRules): RuleSetDiff {
  return compareRuleSets(atLevel(before, after.level), atLevel(after, after.level));
}

function atLevel({ level, sourceLevels, mxRules, ...rules }: LevelledRules, next: Level): ComparedRules {
  const figures = ({ limits }: Pick<MxRule, 'limits'>) => {
    const own = limits[level];
    return PRESETS.some((preset) => isDeepStrictEqual(limits[preset], own)) ? limits[next] : own;
  };
  const ofSources = ({ limits }: Pick<MxRule, 'limits'>) =>
    Object.fromEntries(sourceLevels.map((own) => [own, limits[own]]));
  return {
    ...rules,
    mxRules: mxRules.map(({ origin: _origin, ...rule }) => ({
      ...rule,
      limits: { ...figures(rule), ...ofSources(rule) },
    })),
  };
}

/** Whether there is nothing between two rule sets. */
export function isEmptyDiff(diff: RuleSetDiff): boolean {
  return Object.values(diff).every(
    ({ added, removed, changed, reordered }) =>
      added.length === 0 && removed.length === 0 && changed.length === 0 && !reordered,
  );
}

type Named = { readonly id: string };

/** A rule set, or what holds in an instance. */
type ComparedRules = {
  readonly mxRules: readonly Named[];
  readonly bounceRules: readonly Named[];
  readonly feedbackRules: readonly Named[];
  readonly domainRules: readonly Named[];
  readonly policies: readonly { readonly reason: string }[];
};
type LevelledRules = Omit<ComparedRules, 'mxRules'> & {
  readonly level: Level;
  readonly sourceLevels: readonly Level[];
  readonly mxRules: readonly MxRule[];
};

function compareLists(before: readonly Named[], after: readonly Named[]): RuleListDiff {
  const old = new Map(before.map((rule) => [rule.id, rule]));
  const now = new Map(after.map((rule) => [rule.id, rule]));
  const stayed = after.filter(({ id }) => old.has(id));
  return {
    added: after.filter(({ id }) => !old.has(id)).map(({ id }) => id),
    removed: before.filter(({ id }) => !now.has(id)).map(({ id }) => id),
    changed: stayed.flatMap((rule) => {
      const fields = compareFields(old.get(rule.id), rule, '');
      return fields.length === 0 ? [] : [{ id: rule.id, fields: [...fields] }];
    }),
    reordered: !isDeepStrictEqual(
      stayed.map(({ id }) => id),
      before.filter(({ id }) => now.has(id)).map(({ id }) => id),
    ),
  };
}

type FieldChange = RuleListDiff['changed'][number]['fields'][number];

/** Objects are compared field by field, everything else as a whole. */
function compareFields(before: unknown, after: unknown, pointer: string): readonly FieldChange[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (isFields(before) && isFields(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) => compareFields(before[name], after[name], `${pointer}/${name}`));
  }
  return [{ pointer, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
