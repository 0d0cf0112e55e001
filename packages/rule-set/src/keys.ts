import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';

import { calculateJwkThumbprint } from 'jose';

/** A key that signs rule sets: Ed25519 (RFC 8037). */
export type SigningKey = {
  /** The thumbprint of its public half (RFC 7638): who knows one knows the other. */
  readonly kid: string;
  readonly privateKey: KeyObject;
  /** The public half as clients are told it: 43 characters of base64url. */
  readonly publicKey: string;
};

/** A key whose signatures are believed. */
export type TrustedKey = { readonly kid: string; readonly publicKey: KeyObject };

/** Reads a private key in PEM (PKCS #8); `undefined` where it is none of Ed25519. */
export async function readSigningKey(pem: string): Promise<SigningKey | undefined> {
  try {
    const privateKey = createPrivateKey(pem);
    return privateKey.asymmetricKeyType === 'ed25519' ? await signingKeyOf(privateKey) : undefined;
  } catch {
    // Not a key at all: said by the answer.
    return undefined;
  }
}

/** The same of a key that is known to be one of Ed25519. */
export async function signingKeyOf(privateKey: KeyObject): Promise<SigningKey> {
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { kid: await kidOf(x), privateKey, publicKey: x };
}

/** Reads a public key: the 43 characters of base64url that the hub shows. `undefined` where it is none. */
export async function readTrustedKey(text: string): Promise<TrustedKey | undefined> {
  if (!/^[\w-]{43}$/.test(text)) return undefined;
  try {
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: text }, format: 'jwk' });
    return { kid: await kidOf(text), publicKey };
  } catch {
    // Of the right length, and still no key: said by the answer.
    return undefined;
  }
}

async function kidOf(x: string): Promise<string> {
  return await calculateJwkThumbprint({ kty: 'OKP', crv: 'Ed25519', x });
}
