import { expect, test } from 'vitest';

import { derivedClientKey, derivedSigningKey, HUB_KEY_SHAPE } from './derived-keys.ts';
import { readSigningKey, readTrustedKey } from './keys.ts';

test('a secret always gives the same keys, another secret others', async () => {
  const [one, again, other] = [
    await derivedSigningKey('a secret'),
    await derivedSigningKey('a secret'),
    await derivedSigningKey('another'),
  ];
  expect({ kid: one.kid, publicKey: one.publicKey }).toEqual({ kid: again.kid, publicKey: again.publicKey });
  expect(other.kid).not.toBe(one.kid);
  expect(derivedClientKey('a secret')).toBe(derivedClientKey('a secret'));
  expect(derivedClientKey('another')).not.toBe(derivedClientKey('a secret'));
  expect(derivedClientKey('a secret')).toMatch(HUB_KEY_SHAPE);
});

test('a derived key is a key like any other: its PEM reads back, its public half is trusted under the same name', async () => {
  const key = await derivedSigningKey('a secret');
  const pem = String(key.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  expect((await readSigningKey(pem))?.kid).toBe(key.kid);
  expect((await readTrustedKey(key.publicKey))?.kid).toBe(key.kid);
});
