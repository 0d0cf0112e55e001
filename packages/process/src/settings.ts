import { readFileSync } from 'node:fs';

import type { Setting } from './setting-kinds.ts';

/** Variable name → what it may say. The value read stands under the same name. */
export type SettingsSchema = Readonly<Record<string, Setting<unknown>>>;
export type SettingsOf<S extends SettingsSchema> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer T> ? T : never;
};

export type Environment = Readonly<Record<string, string | undefined>>;

export type SettingFault = {
  readonly name: string;
  readonly expected: string;
  /** What stood there, in words; a secret is never repeated. */
  readonly found: string;
};
/** A variable with our prefix that this process does not know: most often a misspelling. */
export type UnknownVariable = { readonly name: string; readonly didYouMean: string | undefined };

export type SettingsReading<S extends SettingsSchema> =
  | {
      readonly kind: 'settings';
      readonly values: SettingsOf<S>;
      readonly unknown: readonly UnknownVariable[];
    }
  | { readonly kind: 'faults'; readonly faults: readonly SettingFault[] };

/** All faults of the environment at once, one a line. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly code = 'SETTINGS_FAULTY';
  readonly faults: readonly SettingFault[];

  constructor(faults: readonly SettingFault[]) {
    const lines = faults.map(({ name, expected, found }) => `${name}: expected ${expected}, found ${found}`);
    super(['settings cannot be used', ...lines].join('\n  '));
    this.faults = faults;
  }
}

const OUR_PREFIX = 'MXFLOW_';
/** `NAME_FILE` names a file whose content is the value, as container secrets are mounted. */
const FILE_SUFFIX = '_FILE';

/**
 * Reads the environment against `schema`. A variable that is empty counts as missing, since compose files pass
 * empty ones for what was left out.
 */
export function readSettings<const S extends SettingsSchema>(
  schema: S,
  environment: Environment,
  readText: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): SettingsReading<S> {
  const faults: SettingFault[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(schema)) {
    const source = findSource(name, environment, readText);
    const reading = source.kind === 'text' ? setting.read(source.text) : setting.whenMissing;
    if (source.kind === 'unusable') {
      faults.push({ name, expected: source.expected, found: source.found });
    } else if (reading.kind === 'fault') {
      faults.push({ name, expected: reading.expected, found: describeFound(setting, source) });
    } else {
      values[name] = reading.value;
    }
  }
  if (faults.length > 0) return { kind: 'faults', faults };
  return {
    kind: 'settings',
    values: values as SettingsOf<S>,
    unknown: findUnknown(schema, environment),
  };
}

/** The same for programs that have nothing to do without their settings: throws `SettingsError`. */
export function requireSettings<const S extends SettingsSchema>(schema: S, environment: Environment): SettingsOf<S> {
  const reading = readSettings(schema, environment);
  if (reading.kind === 'faults') throw new SettingsError(reading.faults);
  return reading.values;
}

type Source =
  | { readonly kind: 'missing' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unusable'; readonly expected: string; readonly found: string };

function findSource(name: string, environment: Environment, readText: (path: string) => string): Source {
  const direct = environment[name] ?? '';
  const path = environment[`${name}${FILE_SUFFIX}`] ?? '';
  if (direct !== '' && path !== '') {
    return { kind: 'unusable', expected: `either ${name} or ${name}${FILE_SUFFIX}`, found: 'both' };
  }
  if (path === '') return direct === '' ? { kind: 'missing' } : { kind: 'text', text: direct };
  try {
    return { kind: 'text', text: readText(path).replace(/\r?\n$/, '') };
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    return {
      kind: 'unusable',
      expected: `a readable file in ${name}${FILE_SUFFIX}`,
      found: `${path} (${reason})`,
    };
  }
}

function describeFound(setting: Setting<unknown>, source: Source): string {
  if (source.kind !== 'text') return 'nothing';
  return setting.isSecret ? 'something else (not shown: it is a secret)' : JSON.stringify(source.text);
}

function findUnknown(schema: SettingsSchema, environment: Environment): readonly UnknownVariable[] {
  const known = Object.keys(schema);
  const allowed = new Set(known.flatMap((name) => [name, `${name}${FILE_SUFFIX}`]));
  return Object.keys(environment)
    .filter((name) => name.startsWith(OUR_PREFIX) && !allowed.has(name))
    .toSorted()
    .map((name) => ({ name, didYouMean: known.find((other) => editDistance(name, other) <= 2) }));
}

/** Letters to add, drop or replace (Levenshtein). */
function editDistance(one: string, other: string): number {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const replace = (previous[column - 1] ?? 0) + (one[row - 1] === other[column - 1] ? 0 : 1);
      current.push(Math.min(replace, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[other.length] ?? 0;
}
