import { PRESETS, LEVELS, isLevel, type Level } from './level.ts';
import { maskFault } from './mask.ts';
import { ANY_MASK, ANY_RULE_ID, LIMIT_FIELDS, MAX_LIMIT, RULE_TLS, type Limits, type MxRule } from './mx-rule.ts';
import { parsePublicIds } from './public-ids.ts';

/** One thing that is wrong with a rule. */
export type RuleFault = {
  /** JSON pointer (RFC 6901) into the rule. */
  readonly pointer: string;
  readonly expected: string;
  readonly found: string;
};

export type ReadRule =
  | { readonly kind: 'rule'; readonly rule: MxRule }
  | { readonly kind: 'faults'; readonly faults: readonly RuleFault[] };

type Fields = Readonly<Record<string, unknown>>;
type Blame = (pointer: string, expected: string, found: unknown) => void;

const KNOWN_FIELDS =
  'id mask publicIds shared limits connectTimeoutSeconds dataTimeoutSeconds timeoutSeconds tls block origin note'.split(
    ' ',
  );
const MAX_TIMEOUT_SECONDS = 3600;
const MAX_NOTE_LENGTH = 1000;
const RULE_ID = /^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$/;

/**
 * Reads a rule from outside; finds all faults at once. Every preset needs all three limits: what is left out, null or 0
 * is refused by the name of rule, level and field, since a missing limit would be no limit.
 *
 * @param id the rule's own; a rule may repeat it, not contradict it.
 * @param isCustom the instance runs at Custom: figures for it are needed too.
 */
export function readMxRule(input: unknown, { id, isCustom }: { id: string; isCustom: boolean }): ReadRule {
  const faults: RuleFault[] = [];
  const blame: Blame = (pointer, expected, found) => faults.push({ pointer, expected, found: words(found) });
  if (!isFields(input)) {
    blame('', `rule ${id}: an object`, input);
    return { kind: 'faults', faults };
  }
  for (const name of Object.keys(input)) {
    if (!KNOWN_FIELDS.includes(name)) blame(`/${step(name)}`, 'no field of this name', input[name]);
  }
  blameIdentity(input, id, blame);
  const limits = readLimits(input['limits'], { id, isCustom }, blame);
  const seconds = (name: string, fallback: number): number =>
    readWhole(
      input[name] ?? fallback,
      { max: MAX_TIMEOUT_SECONDS, pointer: `/${name}`, what: `${name} in seconds` },
      blame,
    );
  const { publicIds = '', shared = false, tls = 'default', note } = input;
  if (!RULE_TLS.some((known) => known === tls)) blame('/tls', `one of ${RULE_TLS.join(', ')}`, tls);
  if (note !== undefined && (typeof note !== 'string' || note.length > MAX_NOTE_LENGTH)) {
    blame('/note', `text of at most ${MAX_NOTE_LENGTH} characters`, note);
  }
  const block = readBlock(input['block'], blame);
  const rule: MxRule = {
    id,
    mask: String(input['mask']).toLowerCase(),
    publicIds: String(publicIds),
    shared: shared === true,
    limits,
    connectTimeoutSeconds: seconds('connectTimeoutSeconds', 10),
    dataTimeoutSeconds: seconds('dataTimeoutSeconds', 240),
    timeoutSeconds: seconds('timeoutSeconds', 60),
    tls: tls as MxRule['tls'],
    ...(block === undefined ? {} : { block }),
    origin: 'local',
    ...(typeof note === 'string' ? { note } : {}),
  };
  return faults.length === 0 ? { kind: 'rule', rule } : { kind: 'faults', faults };
}

/** What the last rule must be, and no other may. */
function blameIdentity(input: Fields, id: string, blame: Blame): void {
  const { mask, publicIds = '', shared = false } = input;
  if (!RULE_ID.test(id)) blame('/id', 'an id of small letters, digits, dots and dashes', id);
  if (input['id'] !== undefined && input['id'] !== id) blame('/id', `the id that is asked for, ${id}`, input['id']);
  if (typeof mask !== 'string') blame('/mask', 'a mask over MX host names', mask);
  else blameMask(mask, { id, publicIds }, blame);
  if (typeof publicIds !== 'string' || parsePublicIds(publicIds) === undefined) {
    blame('/publicIds', 'nothing for all sources, or numbers and ranges such as 1,3-7', publicIds);
  } else if (id === ANY_RULE_ID && publicIds !== '') {
    blame('/publicIds', 'all sources: the last rule takes what no other took', publicIds);
  }
  if (typeof shared !== 'boolean') blame('/shared', 'true or false', shared);
  else if (shared && id === ANY_RULE_ID) blame('/shared', 'false: the last rule is never shared', shared);
}

function blameMask(mask: string, { id, publicIds }: { id: string; publicIds: unknown }, blame: Blame): void {
  const fault = maskFault(mask);
  if (fault !== undefined) blame('/mask', fault, mask);
  else if (id === ANY_RULE_ID && mask !== ANY_MASK) blame('/mask', 'the mask * of the last rule', mask);
  else if (id !== ANY_RULE_ID && publicIds === '' && /^\*+$/.test(mask)) {
    blame('/mask', `a mask that names something: * is the mask of rule ${ANY_RULE_ID}`, mask);
  }
}

function readLimits(
  input: unknown,
  { id, isCustom }: { id: string; isCustom: boolean },
  blame: Blame,
): Partial<Record<Level, Limits>> {
  const levels: Fields = isFields(input) ? input : {};
  if (input !== undefined && !isFields(input)) blame('/limits', `rule ${id}: limits for each level`, input);
  for (const name of Object.keys(levels)) {
    if (!isLevel(name)) blame(`/limits/${step(name)}`, `a level: ${LEVELS.join(', ')}`, levels[name]);
  }
  const wanted: readonly Level[] = isCustom || levels['custom'] !== undefined ? LEVELS : PRESETS;
  return Object.fromEntries(
    wanted.map((level) => {
      const given = levels[level];
      const fields: Fields = isFields(given) ? given : {};
      for (const name of Object.keys(fields)) {
        if (!LIMIT_FIELDS.some((field) => field === name)) {
          blame(`/limits/${level}/${step(name)}`, 'no field of this name', fields[name]);
        }
      }
      const figures = LIMIT_FIELDS.map((field) => [
        field,
        readWhole(
          fields[field],
          { max: MAX_LIMIT, pointer: `/limits/${level}/${field}`, what: `${field} of rule ${id} at level ${level}` },
          blame,
        ),
      ]);
      return [level, Object.fromEntries(figures) as Limits];
    }),
  );
}

function readBlock(input: unknown, blame: Blame): MxRule['block'] {
  if (input === undefined || input === null) return undefined;
  if (!isFields(input)) {
    blame('/block', 'messages, failurePercent and hours', input);
    return undefined;
  }
  const read = (name: string, max: number): number =>
    readWhole(input[name], { max, pointer: `/block/${name}`, what: name }, blame);
  return {
    messages: read('messages', 1_000_000),
    failurePercent: read('failurePercent', 100),
    hours: read('hours', 720),
  };
}

function readWhole(
  input: unknown,
  { max, pointer, what }: { max: number; pointer: string; what: string },
  blame: Blame,
): number {
  if (typeof input === 'number' && Number.isInteger(input) && input >= 1 && input <= max) return input;
  blame(pointer, `${what}: a whole number from 1 to ${max}`, input);
  return 1;
}

function isFields(input: unknown): input is Fields {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}

function step(name: string): string {
  return name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1');
}

function words(found: unknown): string {
  if (found === undefined) return 'nothing';
  if (typeof found === 'object' && found !== null) return Array.isArray(found) ? 'a list' : 'an object';
  return JSON.stringify(found).slice(0, 100);
}
