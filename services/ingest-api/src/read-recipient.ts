import { isUtf8 } from 'node:buffer';

import type { Fault } from '@mxflow/contracts';
import { parseMailbox } from '@mxflow/domain';
import { canonicalJson, findUnsafe, foundText, pointerStep } from '@mxflow/http-api';

import { toAscii } from './to-ascii.ts';

/** Octets of one recipient with its variables. */
export const MAX_RECIPIENT_OCTETS = 65_536;

export type RecipientReading =
  /** As one line of canonical JSON, its address in the form that is sent to. */
  { readonly kind: 'recipient'; readonly line: string } | { readonly kind: 'fault'; readonly fault: Fault };

/** Reads one line of a stream. */
export function readRecipientLine(octets: Buffer): RecipientReading {
  if (!isUtf8(octets)) return refuse('', 'UTF-8', 'other octets');
  const text = octets.toString('utf8');
  const parsed = parseJson(text);
  return parsed === undefined ? refuse('', 'a JSON object', foundText(text)) : readRecipient(parsed.value);
}

function parseJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    // It says no more than that this is no JSON, which is what the caller reports.
    return undefined;
  }
}

/** Reads a recipient as posted; everything about it that could break a message later is refused here. */
export function readRecipient(value: unknown): RecipientReading {
  if (!isObject(value)) return refuse('', 'an object', foundText(value));
  const { address, variables, ...rest } = value;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) return refuse(pointerStep(unknown), 'no field of this name', foundText(rest[unknown]));
  const mailbox = typeof address === 'string' && address.isWellFormed() ? parseMailbox(address, toAscii) : undefined;
  if (mailbox === undefined) return refuse('/address', 'a mailbox such as user@example.com', foundText(address));
  if (variables === undefined) return fit(`{"address":${JSON.stringify(mailbox.address)}}`);
  if (!isObject(variables)) return refuse('/variables', 'an object', foundText(variables));
  const fault = findUnsafe(variables, '/variables');
  if (fault !== undefined) return { kind: 'fault', fault };
  return fit(`{"address":${JSON.stringify(mailbox.address)},"variables":${canonicalJson(variables)}}`);
}

function fit(line: string): RecipientReading {
  // A character takes at most three octets: most lines need not be measured.
  if (line.length * 3 > MAX_RECIPIENT_OCTETS && Buffer.byteLength(line) > MAX_RECIPIENT_OCTETS) {
    return refuse('', `at most ${MAX_RECIPIENT_OCTETS} octets`, 'more');
  }
  return { kind: 'recipient', line };
}

function refuse(pointer: string, expected: string, found: string): RecipientReading {
  return { kind: 'fault', fault: { pointer, expected, found } };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
