import { expect, test } from 'vitest';

import { allowedAddress } from './allowed-address.ts';

test.for([
  '127.0.0.1',
  '10.1.2.3',
  '172.31.255.255',
  '192.168.0.1',
  '100.64.0.1',
  '169.254.169.254',
  '0.0.0.0',
  '224.0.0.5',
  '255.255.255.255',
  '192.0.2.1',
  '::',
  '::1',
  '::7f00:1',
  'fe80::1',
  'fe80::1%eth0',
  'fd12:3456::1',
  'ff02::1',
  '2001:db8::1',
  '::ffff:127.0.0.1',
  '::ffff:a01:203',
  '64:ff9b::7f00:1',
  '2002:7f00:1::1',
  'localhost',
  '',
])('%s is refused', (address) => {
  expect(allowedAddress(address, [])).toBe(false);
});

test.for(['8.8.8.8', '172.32.0.1', '100.128.0.1', '192.0.1.1', '2a00:1450:4001:800::1a', '::ffff:8.8.8.8'])(
  '%s is allowed',
  (address) => {
    expect(allowedAddress(address, [])).toBe(true);
  },
);

test('listed networks are allowed, and nothing beside them', () => {
  const listed = ['127.1.0.0/16', '10.0.0.7', 'fd00::/8'];
  expect(
    ['127.1.2.3', '10.0.0.7', 'fd12::1', '::ffff:127.1.2.3'].map((address) => allowedAddress(address, listed)),
  ).toEqual([true, true, true, true]);
  expect(['127.2.0.1', '10.0.0.8', 'fc00::1'].map((address) => allowedAddress(address, listed))).toEqual([
    false,
    false,
    false,
  ]);
});

test.for(['loopback', '127.0.0.0/', '127.0.0.0/8/8', '127.0.0.0/33', '/8'])('%s is no network', (cidr) => {
  expect(() => allowedAddress('127.0.0.1', [cidr])).toThrow(RangeError);
});
