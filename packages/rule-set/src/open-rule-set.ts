import { MAX_RULE_SET_OCTETS, RULE_SET_FORMAT, type RuleSetDocument, type RuleSetFault } from '@mxflow/contracts';
import { decodeProtectedHeader, generalVerify, type GeneralJWSInput } from 'jose';

import { faultsOfRuleSet } from './faults-of-rule-set.ts';
import type { TrustedKey } from './keys.ts';
import { SIGNED_TYPE } from './sign-rule-set.ts';

/** Why a rule set is not used. */
export type RuleSetRefusal =
  | 'too-large'
  /** Cut off, or no signed rule set at all. */
  | 'malformed'
  /** None of its signatures is by a key that is trusted here. */
  | 'unknown-key'
  /** A trusted key is named, and did not sign this. */
  | 'wrong-signature'
  /** Of a form that only a later version of mxflow reads. */
  | 'future-format'
  /** Signed, and yet against the schema, or with a rule that does not hold. */
  | 'invalid';

export type OpenedRuleSet =
  | { readonly kind: 'opened'; readonly document: RuleSetDocument }
  | {
      readonly kind: 'refused';
      readonly because: RuleSetRefusal;
      /** One sentence: what was expected and what was found. */
      readonly detail: string;
      /** Of `invalid` all that is wrong, else empty. */
      readonly faults: readonly RuleSetFault[];
    };

/** Opens a signed rule set: nothing of it is looked at before a trusted key is seen to have signed all of it. */
export async function openRuleSet(octets: Uint8Array, trustedKeys: readonly TrustedKey[]): Promise<OpenedRuleSet> {
  if (octets.byteLength > MAX_RULE_SET_OCTETS) {
    return refused('too-large', `expected at most ${MAX_RULE_SET_OCTETS} octets, found ${octets.byteLength}`);
  }
  const signed = readSigned(octets);
  if (signed === undefined) {
    return refused(
      'malformed',
      `expected a JWS in general JSON serialisation, found ${octets.byteLength} octets of else`,
    );
  }
  const kids = signed.signatures.map(kidOf);
  const keys = trustedKeys.filter(({ kid }) => kids.includes(kid));
  if (keys.length === 0) {
    const named = kids.map((kid) => kid ?? 'none').join(', ');
    return refused('unknown-key', `expected a signature by a trusted key, found signatures by ${named.slice(0, 500)}`);
  }
  const payload = await verifiedPayload(signed, keys);
  if (payload === undefined) {
    return refused('wrong-signature', `expected key ${keys.map(({ kid }) => kid).join(', ')} to have signed it`);
  }
  return openPayload(payload);
}

function openPayload(payload: Uint8Array): OpenedRuleSet {
  const document = parseJson(payload);
  if (document === undefined) return refused('malformed', 'expected JSON inside the signature, found something else');
  const format =
    typeof document === 'object' && document !== null && 'format' in document ? document.format : undefined;
  if (typeof format === 'number' && format > RULE_SET_FORMAT) {
    return refused('future-format', `expected format ${RULE_SET_FORMAT}, found ${format}: a later mxflow reads it`);
  }
  const faults = faultsOfRuleSet(document);
  const [fault] = faults;
  if (fault === undefined) return { kind: 'opened', document: document as RuleSetDocument };
  const more = faults.length > 1 ? `, and ${faults.length - 1} more faults` : '';
  const detail = `${fault.id === undefined ? '' : `rule ${fault.id}: `}expected ${fault.expected} at ${fault.pointer}, found ${fault.found}${more}`;
  return { kind: 'refused', because: 'invalid', detail, faults };
}

function refused(because: RuleSetRefusal, detail: string): OpenedRuleSet {
  return { kind: 'refused', because, detail, faults: [] };
}

type Signed = GeneralJWSInput & { readonly payload: string };

function readSigned(octets: Uint8Array): Signed | undefined {
  const value = parseJson(octets);
  if (typeof value !== 'object' || value === null) return undefined;
  const { payload, signatures } = value as { readonly payload?: unknown; readonly signatures?: unknown };
  if (typeof payload !== 'string' || !Array.isArray(signatures)) return undefined;
  const isSound = signatures.every(
    (one: unknown) =>
      typeof one === 'object' &&
      one !== null &&
      'protected' in one &&
      'signature' in one &&
      typeof one.protected === 'string' &&
      typeof one.signature === 'string',
  );
  return isSound && signatures.length > 0 && signatures.length <= 20 ? { payload, signatures } : undefined;
}

function kidOf(signature: Signed['signatures'][number]): string | undefined {
  try {
    const { kid, typ } = decodeProtectedHeader({ protected: signature.protected });
    return typ === SIGNED_TYPE ? kid : undefined;
  } catch {
    // A header that cannot be read names no key.
    return undefined;
  }
}

/** What at least one of the keys has signed; `undefined` where none has. */
async function verifiedPayload(signed: Signed, keys: readonly TrustedKey[]): Promise<Uint8Array | undefined> {
  for (const { kid, publicKey } of keys) {
    const own = { ...signed, signatures: signed.signatures.filter((signature) => kidOf(signature) === kid) };
    try {
      return (await generalVerify(own, publicKey, { algorithms: ['EdDSA', 'Ed25519'] })).payload;
    } catch {
      // This key did not sign it: another may have.
    }
  }
  return undefined;
}

function parseJson(octets: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets));
  } catch {
    // No JSON: the caller says so.
    return undefined;
  }
}
