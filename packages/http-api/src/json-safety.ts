import type { Fault } from '@mxflow/contracts';

import { foundText } from './found-text.ts';

/** Deeper than any sensible definition or variable; keeps every recursion over it short. */
export const MAX_DEPTH = 32;

/** One step of a JSON pointer, escaped (RFC 6901 §3). */
export function pointerStep(key: string | number): string {
  return `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/**
 * The first value in parsed JSON that nothing downstream could keep as it is: a NUL or half a surrogate pair (no jsonb
 * holds them), the key `__proto__`, or nesting past the limit.
 */
export function findUnsafe(value: unknown, pointer = '', depth = 0): Fault | undefined {
  if (typeof value === 'string') return findUnsafeText(value, pointer);
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= MAX_DEPTH) {
    return { pointer, expected: `at most ${MAX_DEPTH} levels of nesting`, found: 'more' };
  }
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const fault = findUnsafe(item, pointer + pointerStep(index), depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  for (const key of Object.keys(value)) {
    const at = pointer + pointerStep(key);
    if (key === '__proto__') return { pointer: at, expected: 'another name', found: '"__proto__"' };
    const fault = findUnsafeText(key, at) ?? findUnsafe((value as Record<string, unknown>)[key], at, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function findUnsafeText(text: string, pointer: string): Fault | undefined {
  if (!text.includes('\0') && text.isWellFormed()) return undefined;
  return { pointer, expected: 'text without NUL and without half characters', found: foundText(text) };
}

/** JSON with the keys of every object in order: equal for equal values, whatever order they were written in. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson((value as Record<string, unknown>)[key])}`);
  return `{${members.join(',')}}`;
}

const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** True where brackets nest deeper than the limit: found by counting, before a parser allocates for each of them. */
export function nestsTooDeep(json: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const octet = json[at] ?? 0;
    if (inString) {
      if (octet === BACKSLASH) at += 1;
      else if (octet === QUOTE) inString = false;
    } else if (octet === QUOTE) inString = true;
    else if (OPENING.has(octet) && ++depth > MAX_DEPTH) return true;
    else if (CLOSING.has(octet)) depth -= 1;
  }
  return false;
}
