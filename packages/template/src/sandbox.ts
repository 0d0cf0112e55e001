import { Liquid } from 'liquidjs';
import { escapeAs, isScalar, type Escape } from './printable.ts';
import { MAX_TEMPLATE_LENGTH } from './template-size.ts';

/** Characters that a rendered part may have. */
export const MAX_RENDERED_LENGTH = 10_000_000;

/** Wall-clock time of one rendering: a template that loops for ever costs this once per recipient. */
const RENDER_LIMIT_MS = 500;
/** Characters and array items that filters and ranges may make in one rendering. */
const MEMORY_LIMIT = 5_000_000;

/** Logic over the variables. None that reads a file, none that keeps a value between renderings. */
const TAGS = ['assign', 'capture', 'case', 'comment', '#', 'for', 'break', 'continue', 'if', 'unless', 'raw'];

/** Text, number, date and plain list filters, all linear in their input. */
const FILTERS = [
  'append prepend capitalize downcase upcase strip lstrip rstrip strip_newlines truncate truncatewords',
  'replace replace_first remove remove_first split slice size escape escape_once url_encode default raw',
  'join first last plus minus times divided_by modulo round ceil floor abs at_least at_most',
  'date date_to_xmlschema date_to_rfc822 date_to_string date_to_long_string',
].flatMap((line) => line.split(' '));

/** A value with no text of its own stood where text was wanted. */
export class UnprintableError extends Error {
  readonly code = 'UNPRINTABLE';
}

/**
 * A Liquid that can read its variables and nothing else: no files, no inherited properties, no locale or time
 * zone of the machine. An unknown tag or filter is a parse error; an undefined variable a render error, but in a
 * condition or before `default`.
 */
export function createSandbox(escape: Escape): Liquid {
  const engine = new Liquid({
    strictFilters: true,
    strictVariables: true,
    lenientIf: true,
    ownPropertyOnly: true,
    outputEscape: (value: unknown) => escapeAs(escape, print(value)),
    dynamicPartials: false,
    relativeReference: false,
    templates: {},
    locale: 'en-US',
    timezoneOffset: 0,
    parseLimit: MAX_TEMPLATE_LENGTH,
    renderLimit: RENDER_LIMIT_MS,
    memoryLimit: MEMORY_LIMIT,
  });
  keepOnly(engine.tags, TAGS);
  keepOnly(engine.filters, FILTERS);
  engine.registerFilter('raw', { raw: true, handler: print });
  return engine;
}

function print(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (isScalar(value)) return String(value);
  throw new UnprintableError(
    `a text, number or boolean was expected, ${Array.isArray(value) ? 'a list' : 'an object'} was found`,
  );
}

function keepOnly(table: Record<string, unknown>, names: readonly string[]): void {
  for (const name of Object.keys(table)) if (!names.includes(name)) delete table[name];
}
