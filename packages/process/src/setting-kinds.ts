/** What a variable may say: each kind reads text into a value, or says what it expected. */

/** A whole number and a unit, e.g. `250ms`, `20s`, `5d`. */
export type DurationText = `${number}${DurationUnit}`;
type DurationUnit = keyof typeof UNIT_MS;
const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export type Reading<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'fault'; readonly expected: string };

export type Setting<T> = {
  /** What values are allowed, in words that stand after "expected". */
  readonly expected: string;
  readonly describe: string;
  /** The default as a reader would write it; `undefined` where the variable must be set. */
  readonly defaultText: string | undefined;
  /** Never shown: not in a fault, not in a log. */
  readonly isSecret: boolean;
  readonly whenMissing: Reading<T>;
  readonly read: (text: string) => Reading<T>;
};

type Common<T> = {
  readonly describe: string;
  /** Left out: the variable is required. `null`: it may be missing, and then is `undefined`. */
  readonly default?: T | null;
  readonly secret?: boolean;
};
type Bounds<T> = { readonly min?: T; readonly max?: T };
/** `undefined` is in the type only where `default: null` allows it. */
type Value<T, O> = O extends { readonly default: null } ? T | undefined : T;

export const setting = { string, integer, number, boolean, duration, list, choice, url } as const;

type StringOptions = Common<string> & { readonly pattern?: RegExp; readonly expected?: string };
function string<const O extends StringOptions>(options: O): Setting<Value<string, O>> {
  const { pattern, expected = 'text' } = options as StringOptions;
  const read = (text: string): string | undefined => ((pattern?.test(text) ?? true) ? text : undefined);
  return define<string, O>(options, { expected, read, write: String });
}

type NumberOptions = Common<number> & Bounds<number> & { readonly unit?: string };
/** From 0 up, unless `min` says otherwise. */
function integer<const O extends NumberOptions>(options: O): Setting<Value<number, O>> {
  const { min = 0, max, unit } = options as NumberOptions;
  const bounds = { min, max: max ?? Number.MAX_SAFE_INTEGER };
  const read = (text: string): number | undefined => (/^-?\d+$/.test(text) ? within(Number(text), bounds) : undefined);
  return define<number, O>(options, {
    expected: `a whole number${range(min, max)}${inUnit(unit)}`,
    read,
    write: String,
  });
}

function number<const O extends NumberOptions>(options: O): Setting<Value<number, O>> {
  const bounds: NumberOptions = options;
  const read = (text: string): number | undefined =>
    /^-?\d+(\.\d+)?$/.test(text) ? within(Number(text), bounds) : undefined;
  const expected = `a number${range(bounds.min, bounds.max)}${inUnit(bounds.unit)}`;
  return define<number, O>(options, { expected, read, write: String });
}

function boolean<const O extends Common<boolean>>(options: O): Setting<Value<boolean, O>> {
  const read = (text: string): boolean | undefined => BOOLEAN_WORDS.get(text.toLowerCase());
  return define<boolean, O>(options, { expected: '1 or 0', read, write: (value) => (value ? '1' : '0') });
}

const BOOLEAN_WORDS: ReadonlyMap<string, boolean> = new Map(
  Object.entries({ '1': true, true: true, yes: true, '0': false, false: false, no: false }),
);

type DurationOptions = Common<DurationText> & Bounds<DurationText>;
/** The value is in milliseconds; bounds and default are written as in the environment. */
function duration<const O extends DurationOptions>(options: O): Setting<Value<number, O>> {
  const { min = '0s', max, default: fallback, ...rest } = options as DurationOptions;
  const bounds = { min: milliseconds(min) ?? 0, max: max === undefined ? Infinity : (milliseconds(max) ?? Infinity) };
  const common: Common<number> = {
    ...rest,
    ...(fallback === undefined ? {} : { default: fallback === null ? null : (milliseconds(fallback) ?? Number.NaN) }),
  };
  const expected = `a duration such as 250ms, 20s, 10m, 1h or 5d,${range(min, max)}`;
  const read = (text: string): number | undefined => within(milliseconds(text), bounds);
  return define<number, O>(common, { expected, read, write: durationText });
}

type ListOptions = Common<readonly string[]> & { readonly item?: RegExp; readonly expectedItem?: string };
/** Values separated by commas; blanks around them are dropped, an empty list is written as a lone comma. */
function list<const O extends ListOptions>(options: O): Setting<Value<readonly string[], O>> {
  const { item, expectedItem = 'text' } = options as ListOptions;
  const read = (text: string): readonly string[] | undefined => {
    const items = text.split(',').map((each) => each.trim());
    const filled = items.filter((each) => each !== '');
    return filled.every((each) => item?.test(each) ?? true) ? filled : undefined;
  };
  const expected = `a comma-separated list of ${expectedItem}`;
  return define<readonly string[], O>(options, { expected, read, write: (items) => items.join(',') });
}

function choice<const C extends readonly string[], const O extends Common<C[number]>>(
  choices: C,
  options: O,
): Setting<Value<C[number], O>> {
  const read = (text: string): C[number] | undefined => choices.find((each) => each === text);
  return define<C[number], O>(options, { expected: `one of ${choices.join(', ')}`, read, write: String });
}

type UrlOptions = Common<string> & { readonly protocols: readonly string[] };
/** `protocols` without the colon. The value stays text as written; a URL with a password should be `secret`. */
function url<const O extends UrlOptions>(options: O): Setting<Value<string, O>> {
  const { protocols } = options as UrlOptions;
  const read = (text: string): string | undefined =>
    URL.canParse(text) && protocols.includes(new URL(text).protocol.slice(0, -1)) ? text : undefined;
  const expected = `a URL that starts with ${protocols.map((each) => `${each}://`).join(' or ')}`;
  return define<string, O>(options, { expected, read, write: String });
}

type Kind<T> = {
  readonly expected: string;
  readonly read: (text: string) => T | undefined;
  readonly write: (value: T) => string;
};

function define<T, O>(common: Common<T>, { expected, read, write }: Kind<T>): Setting<Value<T, O>> {
  const fallback = common.default;
  const fault = { kind: 'fault', expected } as const;
  const found: Setting<T | undefined> = {
    expected,
    describe: common.describe,
    defaultText: fallback === undefined ? undefined : fallback === null ? '' : write(fallback),
    isSecret: common.secret ?? false,
    whenMissing: fallback === undefined ? fault : { kind: 'value', value: fallback ?? undefined },
    read: (text) => {
      const value = read(text);
      return value === undefined ? fault : { kind: 'value', value };
    },
  };
  // `undefined` can only come out where the options said `default: null`, which is what Value<T, O> says.
  return found as Setting<Value<T, O>>;
}

function milliseconds(text: string): number | undefined {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * UNIT_MS[match[2] as DurationUnit];
}

function durationText(ms: number): string {
  const units = (Object.keys(UNIT_MS) as DurationUnit[]).toReversed();
  const unit = units.find((each) => ms !== 0 && ms % UNIT_MS[each] === 0) ?? 's';
  return `${ms / UNIT_MS[unit]}${unit}`;
}

function within(value: number | undefined, { min = -Infinity, max = Infinity }: Bounds<number>): number | undefined {
  return value === undefined || value < min || value > max ? undefined : value;
}

function range(min: string | number | undefined, max: string | number | undefined): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
}

function inUnit(unit: string | undefined): string {
  return unit === undefined ? '' : `, in ${unit}`;
}
