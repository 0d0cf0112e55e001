import { expect, test } from 'vitest';

import { addressPolicy } from './webhook-address.ts';

test.for<readonly [address: string, http: boolean, https: boolean]>([
  ['8.8.8.8', false, true],
  ['2a00:1450:4001:800::1a', false, true],
  ['127.0.0.1', false, false],
  ['10.1.2.3', true, true],
  ['10.2.0.1', false, false],
  ['172.16.0.1', false, false],
  ['192.168.1.1', false, false],
  ['100.64.0.1', false, false],
  ['169.254.169.254', false, false],
  ['0.0.0.0', false, false],
  ['224.0.0.1', false, false],
  ['255.255.255.255', false, false],
  ['::1', false, false],
  ['fe80::1', false, false],
  ['fd00:ec2::254', false, false],
  ['::ffff:169.254.169.254', false, false],
  ['64:ff9b::7f00:1', false, false],
  ['2002:7f00:1::', false, false],
  ['hook.example', false, false],
])('%s: http %s, https %s, where 10.1.0.0/16 is listed', ([address, http, https]) => {
  const mayReach = addressPolicy(['10.1.0.0/16']);
  expect([mayReach(address, 'http'), mayReach(address, 'https')]).toEqual([http, https]);
});

test('a malformed network is refused at once', () => {
  expect(() => addressPolicy(['10.0.0.0/99'])).toThrow(RangeError);
});
