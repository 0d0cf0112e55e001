import type { RuleSetFault } from '@mxflow/contracts';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';

const LONGEST_FOUND = 200;
/** Enough to see what is wrong; a document of noise would fill the memory with the rest. */
const MOST_FAULTS = 100;

/** Compiles a schema into a function that lists where a value departs from it; `[]` where it does not. */
export function compileFaults(schema: TSchema): (value: unknown) => readonly RuleSetFault[] {
  const validator = Compile(schema);
  return (value) =>
    validator.Check(value)
      ? []
      : validator
          .Errors(value)
          .flatMap((error) => toFaults(error, value))
          .slice(0, MOST_FAULTS);
}

function toFaults(error: TLocalizedValidationError, value: unknown): readonly RuleSetFault[] {
  const pointer = error.instancePath;
  const { found, id } = look(value, pointer);
  const named = id === undefined ? {} : { id };
  switch (error.keyword) {
    // Said again, field by field, by the errors of keyword `boolean`.
    case 'additionalProperties':
      return [];
    case 'boolean':
      return [{ pointer, ...named, expected: 'no field of this name', found: foundText(found) }];
    case 'required':
      return error.params.requiredProperties.map((name) => ({
        pointer: `${pointer}/${name}`,
        ...named,
        expected: 'a value',
        found: 'nothing',
      }));
    case 'enum':
      return [
        { pointer, ...named, expected: `one of ${error.params.allowedValues.join(', ')}`, found: foundText(found) },
      ];
    default:
      return [{ pointer, ...named, expected: error.message.replace(/^must /, 'it to '), found: foundText(found) }];
  }
}

/** What stands at a pointer, and the id of the rule around it. */
function look(value: unknown, pointer: string): { readonly found: unknown; readonly id: string | undefined } {
  let found = value;
  let id: string | undefined;
  for (const step of pointer.split('/').slice(1)) {
    if (typeof found !== 'object' || found === null) return { found: undefined, id };
    found = (found as Record<string, unknown>)[step.replaceAll('~1', '/').replaceAll('~0', '~')];
    if (typeof found === 'object' && found !== null && 'id' in found && typeof found.id === 'string') id = found.id;
  }
  return { found, id: id?.slice(0, LONGEST_FOUND) };
}

/** What stood somewhere, cut short. */
export function foundText(found: unknown): string {
  if (found === undefined) return 'nothing';
  if (Array.isArray(found)) return `a list of ${found.length}`;
  if (typeof found === 'object' && found !== null) return 'an object';
  const text = JSON.stringify(found);
  return text.length > LONGEST_FOUND ? `${text.slice(0, LONGEST_FOUND)}…` : text;
}
