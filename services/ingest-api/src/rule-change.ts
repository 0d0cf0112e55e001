import { ProblemError } from '@mxflow/http-api';

/** What an edit would do to an ordered list of rules, besides deleting one. */
export type RuleChange<Rule> = {
  readonly put?: Rule | undefined;
  readonly before?: string | undefined;
  readonly enable?: string | undefined;
  readonly disable?: string | undefined;
};

/**
 * The list as an edit would leave it. Pure: a new rule comes first or before the one named, another version of a rule
 * stands in its place.
 *
 * @throws not-found where the change names a rule that is not there.
 */
export function changedRules<Rule extends { readonly id: string; readonly enabled: boolean }>(
  rules: readonly Rule[],
  change: RuleChange<Rule>,
): readonly Rule[] {
  const { put, before, enable, disable } = change;
  for (const id of [enable, disable]) {
    if (id !== undefined && !rules.some((rule) => rule.id === id)) throw new ProblemError('not-found');
  }
  const kept = rules.map((rule) =>
    rule.id === enable || rule.id === disable ? { ...rule, enabled: rule.id === enable } : rule,
  );
  if (put === undefined) return kept;
  if ((before === undefined || before === put.id) && kept.some(({ id }) => id === put.id)) {
    return kept.map((rule) => (rule.id === put.id ? put : rule));
  }
  const others = kept.filter(({ id }) => id !== put.id);
  const at = before === undefined ? 0 : others.findIndex(({ id }) => id === before);
  if (at < 0) throw new ProblemError('not-found');
  return others.toSpliced(at, 0, put);
}

/** How often each rule decides, and how often it would: those whose figure differs, the largest difference first. */
export function compareHits(
  now: ReadonlyMap<string, number>,
  tried: ReadonlyMap<string, number>,
): { rule: string; now: number; tried: number }[] {
  const compared = [...new Set([...now.keys(), ...tried.keys()])].map((rule) => ({
    rule,
    now: now.get(rule) ?? 0,
    tried: tried.get(rule) ?? 0,
  }));
  return compared
    .filter((each) => each.now !== each.tried)
    .toSorted((one, other) => Math.abs(other.tried - other.now) - Math.abs(one.tried - one.now));
}

/** Adds to a count. */
export function countUp<Key>(counts: Map<Key, number>, key: Key | undefined, by: number): void {
  if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + by);
}
