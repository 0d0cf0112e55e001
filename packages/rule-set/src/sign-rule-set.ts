import type { RuleSetDocument } from '@mxflow/contracts';
import { GeneralSign } from 'jose';

import type { SigningKey } from './keys.ts';

/** Says what is signed, so that no signature over anything else can pass for one over a rule set (RFC 7515 §4.1.9). */
export const SIGNED_TYPE = 'mxflow-rule-set+json';

/**
 * Signs a rule set with every key given, at least one: while keys rotate, with the old and the new. A JWS in general
 * JSON serialisation (RFC 7515 §7.2.1), as it is served and as it lies in a static file.
 */
export async function signRuleSet(document: RuleSetDocument, keys: readonly SigningKey[]): Promise<string> {
  const signing = new GeneralSign(new TextEncoder().encode(JSON.stringify(document)));
  for (const { kid, privateKey } of keys) {
    signing.addSignature(privateKey).setProtectedHeader({ alg: 'EdDSA', kid, typ: SIGNED_TYPE });
  }
  return JSON.stringify(await signing.sign());
}
