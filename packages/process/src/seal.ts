import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** What is sealed: each purpose has a key of its own, derived from the instance's secret (RFC 5869). */
export type SealPurpose = 'webhook-secret';

const CIPHER = 'aes-256-gcm';
const KEY_OCTETS = 32;
/** NIST SP 800-38D §5.2.1.1 and §5.2.1.2. */
const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;
/** Stands first, so that another cipher can follow one day. */
const VERSION = 1;

/** Encrypts text for storing: version, nonce, tag, then the ciphertext. */
export function seal(text: string, secret: string, purpose: SealPurpose): Uint8Array<ArrayBuffer> {
  const nonce = randomBytes(NONCE_OCTETS);
  const cipher = createCipheriv(CIPHER, keyFor(secret, purpose), nonce);
  const ciphertext = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return new Uint8Array(Buffer.concat([Buffer.of(VERSION), nonce, cipher.getAuthTag(), ciphertext]));
}

/** Reads what `seal` wrote; `undefined` where it was changed, or sealed under another secret or for another purpose. */
export function open(sealed: Uint8Array, secret: string, purpose: SealPurpose): string | undefined {
  const head = 1 + NONCE_OCTETS + TAG_OCTETS;
  if (sealed.length < head || sealed[0] !== VERSION) return undefined;
  const decipher = createDecipheriv(CIPHER, keyFor(secret, purpose), sealed.subarray(1, 1 + NONCE_OCTETS));
  decipher.setAuthTag(sealed.subarray(1 + NONCE_OCTETS, head));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(head)), decipher.final()]).toString('utf8');
  } catch {
    // The tag does not fit: that is all there is to know.
    return undefined;
  }
}

function keyFor(secret: string, purpose: SealPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `mxflow seal: ${purpose}`, KEY_OCTETS));
}
