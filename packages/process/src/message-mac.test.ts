import { expect, test } from 'vitest';

import { messageMac } from './message-mac.ts';

const SECRET = 'the secret of an instance under test';
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

test('mail that is on its way keeps its seals: the keys never change', () => {
  const { keyId, mac, fingerprint } = messageMac(SECRET);
  expect(keyId).toBe('a');
  expect(hex(mac('a', 'verp:b-c'))).toBe('34289eda20d5746f5684ae8b89861189f23624c738874489b971501524986cc8');
  expect(fingerprint.slice(0, 10)).toBe('dcef8eeb15');
});

test('another secret, another text and a key that there is not seal otherwise', () => {
  const { mac } = messageMac(SECRET);
  const seal = hex(mac('a', 'text'));
  expect(hex(messageMac(SECRET).mac('a', 'text'))).toBe(seal);
  expect(hex(messageMac(`${SECRET}.`).mac('a', 'text'))).not.toBe(seal);
  expect(hex(mac('a', 'texts'))).not.toBe(seal);
  expect(hex(mac('b', 'text'))).not.toBe(seal);
  // Not even a key derived by the same rule is believed before it is listed.
  expect(hex(messageMac(SECRET).mac('b', 'text'))).not.toBe(hex(mac('b', 'text')));
});
