import { createPrivateKey, hkdfSync } from 'node:crypto';

import { signingKeyOf, type SigningKey } from './keys.ts';

/** What stands before the 32 octets of an Ed25519 key in PKCS #8 (RFC 8410 §7). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');
const KEY_OCTETS = 32;

/**
 * The key that signs where none is configured: whoever knows the instance's secret has both halves of it (RFC 5869), so
 * that a hub and the clients beside it trust each other without a word of configuration.
 */
export async function derivedSigningKey(secret: string): Promise<SigningKey> {
  const seed = derive(secret, 'rule set signature');
  return await signingKeyOf(createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' }));
}

/** What every key to a hub looks like: `mxh_`, then 43 characters. */
export const HUB_KEY_SHAPE = /^mxh_[\w-]{43}$/;

/** The key by which a client with the hub's own secret pulls and reports. */
export function derivedClientKey(secret: string): string {
  return `mxh_${derive(secret, 'rule set client').toString('base64url')}`;
}

function derive(secret: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `mxflow ${purpose}`, KEY_OCTETS));
}
