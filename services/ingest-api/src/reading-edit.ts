import { ReadingRuleId } from '@mxflow/contracts';
import { tryDeletingLocalRule, type Database, type ReadingEdit, type Reads, type RuleTable } from '@mxflow/db';
import { ProblemError } from '@mxflow/http-api';
import { Type } from 'typebox';

import { changedRules, type RuleChange } from './rule-change.ts';

/** The path of a bounce or feedback rule. */
export const RulePath = Type.Object({ id: ReadingRuleId });
export const PlaceQuery = Type.Object(
  {
    before: Type.Optional(
      Type.String({
        description: 'A place among the rules of operators: before this one. A new rule comes first else',
      }),
    ),
  },
  { additionalProperties: false },
);

/** Ends the request where an edit was not made. */
export function throwUnlessEdited(edit: ReadingEdit): void {
  switch (edit) {
    case 'done':
      return;
    case 'unknown':
      throw new ProblemError('not-found', { detail: 'no rule has this id, or the one that `before` names' });
    case 'of-the-set':
      throw new ProblemError('wrong-state', {
        detail: 'the rule came with the rule set: disable it, or put a version of your own in its place',
      });
    case 'other-list':
      throw new ProblemError('wrong-state', {
        detail: "only rules of operators that stand before the set's have an order of their own: each once",
      });
  }
}

/** A list of rules that is at hand, and how it is read. */
type ListedRules<Rule> = {
  readonly table: RuleTable;
  readonly rules: readonly Rule[];
  readonly read: (reads: Reads) => Promise<readonly Rule[]>;
};

/** The list as a change would leave it: what DELETE refuses is refused alike, and what lay under a rule holds again. */
export async function triedRules<Rule extends { readonly id: string; readonly enabled: boolean }>(
  database: Database,
  { table, rules, read }: ListedRules<Rule>,
  { delete: id, ...change }: RuleChange<Rule> & { readonly delete?: string | undefined },
): Promise<readonly Rule[]> {
  if (id === undefined) return changedRules(rules, change);
  const { edit, left } = await tryDeletingLocalRule(database, { table, id }, read);
  throwUnlessEdited(edit);
  return changedRules(left, change);
}
