import type { Fault } from '@mxflow/contracts';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';

import { foundText } from './found-text.ts';
import { pointerStep } from './json-safety.ts';

/** Compiles a schema into a function that lists what is wrong with a value, `[]` where nothing is. */
export function compileSchema(schema: TSchema): (value: unknown) => readonly Fault[] {
  const validator = Compile(schema);
  return (value) => {
    if (validator.Check(value)) return [];
    const errors = validator.Errors(value);
    const unions = new Set(errors.filter(({ keyword }) => keyword === 'anyOf').map(({ instancePath }) => instancePath));
    return mergeAlternatives(
      errors.flatMap((error) => toFaults(error, value)),
      unions,
    );
  };
}

/** Where a value may be one thing or another, what each would be is said in one fault. */
function mergeAlternatives(faults: readonly Fault[], unions: ReadonlySet<string>): readonly Fault[] {
  const merged = new Map<string, Fault>();
  for (const [index, fault] of faults.entries()) {
    const key = unions.has(fault.pointer) ? fault.pointer : `${index}`;
    const said = merged.get(key);
    merged.set(key, said === undefined ? fault : { ...said, expected: `${said.expected}, or ${fault.expected}` });
  }
  return [...merged.values()];
}

function toFaults(error: TLocalizedValidationError, value: unknown): readonly Fault[] {
  const pointer = error.instancePath;
  switch (error.keyword) {
    // Said again, field by field or alternative by alternative, by the errors of other keywords.
    case 'additionalProperties':
    case 'anyOf':
      return [];
    case 'required':
      return error.params.requiredProperties.map((name) => ({
        pointer: pointer + pointerStep(name),
        expected: 'a value',
        found: 'nothing',
      }));
    default:
      return [{ pointer, expected: expectation(error), found: foundText(valueAt(value, pointer)) }];
  }
}

function expectation(error: TLocalizedValidationError): string {
  switch (error.keyword) {
    case 'boolean':
      return 'no field of this name';
    case 'type':
      return error.params.type === 'null' ? 'null' : `type ${String(error.params.type)}`;
    case 'enum':
      return `one of ${error.params.allowedValues.join(', ')}`;
    case 'maxLength':
      return `at most ${error.params.limit} characters`;
    case 'minLength':
      return `at least ${error.params.limit} characters`;
    case 'pattern':
      return `text that matches ${String(error.params.pattern)}`;
    case 'format':
      return `text of the format ${error.params.format}`;
    case 'minimum':
      return `at least ${error.params.limit}`;
    case 'maximum':
      return `at most ${error.params.limit}`;
    case 'minItems':
      return `at least ${error.params.limit} items`;
    case 'maxItems':
      return `at most ${error.params.limit} items`;
    case 'maxProperties':
      return `at most ${error.params.limit} fields`;
    case 'uniqueItems':
      return 'no item twice';
    default:
      return error.message;
  }
}

function valueAt(value: unknown, pointer: string): unknown {
  let found = value;
  for (const step of pointer.split('/').slice(1)) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string, unknown>)[step.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return found;
}
