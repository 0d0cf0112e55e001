import type { ReadingEdit } from '@mxflow/db';
import { ReadingRuleId } from '@mxflow/contracts';
import { ProblemError } from '@mxflow/http-api';
import { Type } from 'typebox';

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
      throw new ProblemError('not-found');
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
