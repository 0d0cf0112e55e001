import { createHash, createHmac, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';

/**
 * What seals a message's id where it leaves us and may come back: in return-paths, Message-IDs and one-click links. Each
 * key derives from the instance's secret (RFC 5869), and its id travels with the seal.
 */
export type MessageMac = {
  /** The key of new seals: one character of the base32 alphabet. */
  readonly keyId: string;
  readonly mac: (keyId: string, text: string) => Uint8Array;
  /** Hexadecimal. Tells one instance from another, and nothing about its keys. */
  readonly fingerprint: string;
};

/**
 * Keys whose seals are believed, the one of new seals last. A rotation adds the next letter, and takes the first away
 * once no mail that carries it can still be answered.
 */
const KEY_IDS = ['a'];

export function messageMac(secret: string): MessageMac {
  // Prepared once: from plain octets Node makes a key object for every MAC, which costs ten times the MAC itself.
  const keys = new Map(KEY_IDS.map((keyId) => [keyId, createSecretKey(deriveKey(secret, keyId))]));
  // Seals that name any other key are compared with what nobody can know.
  const unknown = createSecretKey(randomBytes(32));
  return {
    keyId: KEY_IDS.at(-1) ?? '',
    mac: (keyId, text) =>
      createHmac('sha256', keys.get(keyId) ?? unknown)
        .update(text)
        .digest(),
    fingerprint: createHash('sha256').update(deriveKey(secret, 'a')).digest('hex'),
  };
}

function deriveKey(secret: string, keyId: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', `mxflow message mac ${keyId}`, 32));
}
