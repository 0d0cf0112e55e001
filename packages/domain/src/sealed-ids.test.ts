import fc from 'fast-check';
import { expect, test } from 'vitest';

import { decodeNumber, encodeNumber, encodeOctets } from './base32.ts';
import { decodeMessageIdHeader, encodeMessageIdHeader } from './message-id-header.ts';
import { messageIdOf, type MessageId } from './message-id.ts';
import type { Mac } from './sealed-id.ts';
import { decodeUnsubscribeToken, encodeUnsubscribeToken } from './unsubscribe-token.ts';
import { decodeVerp, encodeVerp } from './verp.ts';

/** No cryptography, but every character of key and text changes it. */
const mac: Mac = (keyId, text) => {
  const octets = new Uint8Array(16).fill(7);
  let state = 17;
  for (const [at, character] of `${keyId}/${text}`.split('').entries()) {
    state = (state * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
    octets[at % 16] = ((octets[at % 16] ?? 0) * 13 + state) & 255;
  }
  return octets;
};

const id = messageIdOf('42', 7);
const header = encodeMessageIdHeader({ messageId: id, domain: 'bounces.example.com' }, 'a', mac);
const token = encodeUnsubscribeToken(id, 'a', mac);
const sealed = header.slice(3, header.indexOf('@'));

type Row = readonly [sentence: string, value: string, id: MessageId | undefined];

test.for<Row>([
  ['comes back as it went', header, id],
  ['may lose its brackets', header.slice(1, -1), id],
  ['may be folded', `\r\n ${header}\r\n`, id],
  ['may change its case', header.toUpperCase(), id],
  ['may stand behind another domain', `<m.${sealed}@mx.example.net>`, id],
  ['of another kind is not ours', '<abc.def@example.com>', undefined],
  ['with another id is not ours', header.replace('m.', 'm.b'), undefined],
  ['with another key id is not ours', header.replace(/\.a(?=[a-z2-7]{16}@)/, '.b'), undefined],
  ['with a changed seal is not ours', header.replace(/.@/, (end) => (end[0] === 'a' ? 'b@' : 'a@')), undefined],
  ['with text behind it is not ours', `${header} x`, undefined],
  ['of an unsubscribe token is not ours', `<m.${token.replace('-', '.')}@example.com>`, undefined],
  ['is never empty', '', undefined],
])('a Message-ID %s', ([, value, expected]) => {
  expect(decodeMessageIdHeader(value, mac)).toBe(expected);
});

test.for<Row>([
  ['comes back as it went', token, id],
  ['may change its case', token.toUpperCase(), id],
  ['with another id is not ours', `b${token}`, undefined],
  ['of a Message-ID is not ours', sealed.replace('.', '-'), undefined],
  ['is never empty', '', undefined],
])('an unsubscribe token %s', ([, value, expected]) => {
  expect(decodeUnsubscribeToken(value, mac)).toBe(expected);
});

const anyId = fc.bigInt(1n, (1n << 63n) - 1n).map((value) => value.toString() as MessageId);

test('every id survives every seal, and a local part keeps to 64 octets', () => {
  fc.assert(
    fc.property(anyId, fc.nat(200_000), (messageId, day) => {
      const value = encodeMessageIdHeader({ messageId, domain: 'b.example' }, '7', mac);
      expect(decodeMessageIdHeader(value, mac)).toBe(messageId);
      expect(decodeUnsubscribeToken(encodeUnsubscribeToken(messageId, '7', mac), mac)).toBe(messageId);
      const localPart = encodeVerp({ messageId, day }, '7', mac);
      expect(decodeVerp(localPart, mac)).toEqual({ messageId, day });
      expect(localPart.length).toBeLessThanOrEqual(64);
    }),
  );
});

test('numbers and octets are written as RFC 4648 writes them', () => {
  expect(encodeNumber(0n)).toBe('a');
  expect(encodeNumber(1n << 30n)).toBe('baaaaaa');
  expect(encodeOctets(Uint8Array.from('foobarfoob', (character) => character.charCodeAt(0)))).toBe('mzxw6ytbojtg633c');
  fc.assert(fc.property(fc.bigInt(0n, 1n << 64n), (value) => decodeNumber(encodeNumber(value)) === value));
});
