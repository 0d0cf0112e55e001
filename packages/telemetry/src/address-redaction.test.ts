import fc from 'fast-check';
import { expect, test } from 'vitest';

import { redactAddress, redactAddressesIn } from './address-redaction.ts';

test.for<[title: string, address: string, redacted: string]>([
  ['keeps the first character and the domain', 'user@example.com', 'u***@example.com'],
  ['shows nothing of a local part of one character', 'u@example.com', '***@example.com'],
  ['keeps a whole character outside the basic plane', '😀smile@example.com', '😀***@example.com'],
  ['takes the last @ for the separator', '"a@b"@example.com', '"***@example.com'],
  ['masks what is no address', 'user', '***'],
  ['leaves the null reverse-path empty', '', ''],
])('one address: %s', ([, address, redacted]) => {
  expect(redactAddress(address)).toBe(redacted);
});

test.for<[title: string, text: string, redacted: string]>([
  ['a reply that names it', '550 5.1.1 <user@example.com>: unknown', '550 5.1.1 <u***@example.com>: unknown'],
  ['several', 'from ab@x.example to cd@y.example', 'from a***@x.example to c***@y.example'],
  ['a quoted local part', 'to "john doe"@example.com', 'to "***"@example.com'],
  ['one after a line break', 'first\nsecond@example.com', 'first\n***@example.com'],
  ['one after a backslash', '\\user@example.com', '\\u***@example.com'],
  ['one after a control character', '\u0001user@example.com', '\u0001***@example.com'],
  ['the credentials of a URL', 'amqp://user:se(cret@broker:5672/x', 'amqp://***@broker:5672/x'],
  ['none in a lone @', 'meet @ noon', 'meet @ noon'],
  ['none in a quote that another string opened', '"@example.com', '"@example.com'],
])('a line of JSON: %s', ([, text, redacted]) => {
  expect(JSON.parse(redactAddressesIn(JSON.stringify({ before: 'x\\', text })))).toEqual({
    before: 'x\\',
    text: redacted,
  });
});

const hostileText = fc
  .array(
    fc.constantFrom('@', '"', '\\', ':', '/', '://', 'u', '0', 'é', '😀', '\n', '\u0001', '\ud800', ' ', '<', 'a.b'),
  )
  .map((parts) => parts.join(''));

test('a line of JSON stays one, with the same fields', () => {
  fc.assert(
    fc.property(hostileText, hostileText, (one, other) => {
      const parsed = JSON.parse(
        redactAddressesIn(JSON.stringify({ one, [other]: other, list: [other, one] })),
      ) as object;
      expect(Object.keys(parsed)).toHaveLength(new Set(['one', 'list', other]).size);
    }),
    { numRuns: 2_000 },
  );
});

test('no local part of two or more ordinary characters gets through, wherever it stands', () => {
  const local = fc.stringMatching(/^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{2,64}$/);
  fc.assert(
    fc.property(hostileText, local, hostileText, (before, part, after) => {
      const address = `${part}@mail.example`;
      expect(redactAddressesIn(JSON.stringify(`${before} ${address} ${after}`))).not.toContain(address);
    }),
  );
});
