import type { AnyMessage, MessageKey } from '@mxflow/contracts';

import { asMessage, firstFault, fitsContract } from './contract-check.ts';

/** Nothing that we publish comes near it: a larger body is none of ours. */
export const MAX_BODY_OCTETS = 256 * 1024;

export type Decoded =
  | { readonly kind: 'message'; readonly message: AnyMessage }
  /** No handler could ever use it. */
  | { readonly kind: 'poison'; readonly reason: PoisonReason; readonly error: string };

type PoisonReason = 'too-large' | 'unknown-key' | 'invalid-json' | 'schema-mismatch';

/** Reads a message off a queue on which only `expected` keys may stand. Pure. */
export function decode(key: string, content: Buffer, expected: readonly MessageKey[]): Decoded {
  const known = expected.find((candidate) => candidate === key);
  if (known === undefined) {
    return {
      kind: 'poison',
      reason: 'unknown-key',
      error: `expected ${expected.join(' or ')}, found ${key.slice(0, 100)}`,
    };
  }
  if (content.length > MAX_BODY_OCTETS) {
    return {
      kind: 'poison',
      reason: 'too-large',
      error: `expected at most ${MAX_BODY_OCTETS} octets, found ${content.length}`,
    };
  }
  let body: unknown;
  try {
    body = JSON.parse(content.toString('utf8'));
  } catch (cause) {
    return { kind: 'poison', reason: 'invalid-json', error: String(cause) };
  }
  if (!fitsContract(known, body)) return { kind: 'poison', reason: 'schema-mismatch', error: firstFault(known, body) };
  return { kind: 'message', message: asMessage(known, body) };
}
