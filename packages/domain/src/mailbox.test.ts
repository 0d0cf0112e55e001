import { expect, test } from 'vitest';
import { addressKey, domainOf, parseMailbox } from './mailbox.ts';

/** Enough of a converter for the rows below. */
const toAscii = (domain: string): string | undefined => domain.replace('münchen', 'xn--mnchen-3ya');

test.for([
  ['ann@example.com', 'ann@example.com'],
  ['Ann.Lee+news@Example.COM', 'Ann.Lee+news@example.com'],
  ['"ann lee"@example.com', '"ann lee"@example.com'],
  ["o'brien@example.com", "o'brien@example.com"],
  ['ann@münchen.example', 'ann@xn--mnchen-3ya.example'],
  ['jörg@example.com', 'jörg@example.com'],
])('%s is a mailbox', ([text, address]) => {
  expect(parseMailbox(text ?? '', toAscii)?.address).toBe(address);
});

test.for([
  '',
  'ann',
  '@example.com',
  'ann@',
  'ann@localhost',
  'ann@example..com',
  'ann@-example.com',
  'ann@[192.0.2.1]',
  'ann@192.0.2.1',
  '.ann@example.com',
  'ann.@example.com',
  'a..b@example.com',
  'ann lee@example.com',
  'ann@example.com\r\nRCPT TO:<eve@example.com>',
  'ann\u0000@example.com',
  '<ann@example.com>',
  'ann@example.com ',
  `${'a'.repeat(65)}@example.com`,
  `ann@${'a'.repeat(64)}.com`,
  `ann@${'abc.'.repeat(70)}com`,
])('%j is none', (text) => {
  expect(parseMailbox(text, toAscii)).toBeUndefined();
});

test('only octets above 127 in the local part need SMTPUTF8', () => {
  expect(parseMailbox('jörg@example.com', toAscii)?.needsSmtpUtf8).toBe(true);
  expect(parseMailbox('ann@münchen.example', toAscii)?.needsSmtpUtf8).toBe(false);
});

test('addresses are compared in lower case, and belong to the domain behind the last @', () => {
  expect(addressKey('Ann@Example.com')).toBe('ann@example.com');
  expect(domainOf('"a@b"@example.com')).toBe('example.com');
});
