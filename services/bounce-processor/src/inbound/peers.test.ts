import { expect, test } from 'vitest';

import { createPeers, networkOf } from './peers.ts';

test('connections are limited over all clients and for each', () => {
  const peers = createPeers({ connections: 3, connectionsPerPeer: 2, mailsPerMinute: 60 }, () => 0);
  expect(peers.admit('a', '192.0.2.1')).toBe(true);
  expect(peers.admit('b', '192.0.2.1')).toBe(true);
  expect(peers.admit('c', '192.0.2.1')).toBe(false);
  expect(peers.admit('d', '192.0.2.2')).toBe(true);
  expect(peers.admit('e', '192.0.2.3')).toBe(false);
  peers.leave('c');
  peers.leave('a');
  peers.leave('a');
  expect(peers.count()).toBe(2);
  expect(peers.admit('f', '192.0.2.1')).toBe(true);
});

test('mails of a client are limited by the minute, and come back evenly', () => {
  let nowMs = 0;
  const peers = createPeers({ connections: 3, connectionsPerPeer: 2, mailsPerMinute: 60 }, () => nowMs);
  const taken = Array.from({ length: 100 }, () => peers.mayMail('192.0.2.1')).filter(Boolean);
  expect(taken).toHaveLength(60);
  expect(peers.mayMail('192.0.2.2')).toBe(true);
  nowMs = 10_500;
  expect(Array.from({ length: 100 }, () => peers.mayMail('192.0.2.1')).filter(Boolean)).toHaveLength(10);
});

test.for([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0DB8:0001::', '2001:db8:1:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s is counted as %s', ([address = '', network]) => {
  expect(networkOf(address)).toBe(network);
});
