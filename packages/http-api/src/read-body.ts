import { isUtf8 } from 'node:buffer';

import { foundText } from './found-text.ts';
import { MAX_DEPTH, nestsTooDeep } from './json-safety.ts';
import { ProblemError } from './problem.ts';

/** Gathers a body; one past the limit ends with 413 as soon as it is. */
export async function gatherBody(octets: AsyncIterable<Buffer>, maxOctets: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let total = 0;
  for await (const part of octets) {
    total += part.length;
    if (total > maxOctets) throw tooLarge(maxOctets);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

export function tooLarge(maxOctets: number): ProblemError {
  return new ProblemError('too-large', { detail: `at most ${maxOctets} octets are taken in one piece` });
}

/** Reads JSON from outside: UTF-8 throughout, nested no deeper than a sensible document is. */
export function parseJsonBody(body: Buffer): unknown {
  if (!isUtf8(body)) throw malformed('UTF-8 (RFC 8259 §8.1)', 'other octets');
  if (nestsTooDeep(body)) throw malformed(`at most ${MAX_DEPTH} levels of nesting`, 'more');
  const text = body.toString('utf8');
  if (text.trim() === '') throw malformed('a JSON document', 'nothing');
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw malformed('a JSON document', foundText((cause as Error).message));
  }
}

function malformed(expected: string, found: string): ProblemError {
  return new ProblemError('malformed', { faults: [{ pointer: '', expected, found }] });
}
