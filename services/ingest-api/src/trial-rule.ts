import { ReadingRuleId } from '@mxflow/contracts';
import { compileSchema, ProblemError } from '@mxflow/http-api';
import { Type, type Static, type TObject } from 'typebox';

const findNameFaults = compileSchema(Type.Object({ id: ReadingRuleId }));

/**
 * Reads a rule that is only to be tried: as PUT takes it, with its id in it. Pointers of faults begin at `/put`.
 *
 * @param check makes a rule of a body that fits the schema, or throws what is wrong with it.
 */
export function readTrialRule<Schema extends TObject, Rule>(
  put: unknown,
  schema: Schema,
  check: (id: string, body: Static<Schema>) => Rule,
): Rule {
  if (typeof put !== 'object' || put === null) {
    throw invalid([{ pointer: '', expected: 'a rule with its id', found: 'something else' }]);
  }
  const { id, ...body } = put as { readonly id?: unknown };
  const faults = [...findNameFaults({ id }), ...compileSchema(schema)(body)];
  if (faults.length > 0) throw invalid(faults);
  try {
    return check(String(id), body as Static<Schema>);
  } catch (error) {
    if (!(error instanceof ProblemError) || error.faults === undefined) throw error;
    throw invalid(error.faults);
  }
}

function invalid(faults: NonNullable<ProblemError['faults']>): ProblemError {
  return new ProblemError('invalid', {
    faults: faults.map(({ pointer, ...fault }) => ({ pointer: `/put${pointer}`, ...fault })),
  });
}
