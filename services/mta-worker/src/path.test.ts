import { expect, test } from 'vitest';
import type { ClaimedWork, LaneMessage } from './lane-message.ts';
import { claimsWanted, connectionsWanted, createPath, offer, take, type Path } from './path.ts';

const source = { publicId: 1, publicIp: '127.0.0.1', heloName: 'mx.test', weight: 1, pools: ['default'] };
const message = (messageId: string) => ({ messageId }) as LaneMessage;
const claimed = (messageId: string) => ({ lane: message(messageId) }) as ClaimedWork;
const pathWith = (change: Partial<Path>): Path => ({ ...createPath({ siteId: 1, source }), ...change });
const queued = (count: number) => Array.from({ length: count }, (_none, index) => message(String(index)));
const waiting = () => {};

test.for<readonly [string, Partial<Path>, number]>([
  ['none for nothing', {}, 0],
  ['one for each message', { queued: queued(2) }, 2],
  ['never above the limit', { queued: queued(9) }, 4],
  ['those open count', { queued: queued(9), connections: 3 }, 1],
  ['one on its way serves a message', { queued: queued(1), connections: 1, opening: 1 }, 0],
  ['one that waits serves a message', { queued: queued(1), connections: 1, idle: new Set([waiting]) }, 0],
  ['none for a claim under way', { claiming: 2 }, 0],
  ['none while the site wants no more', { queued: queued(9), connections: 1, openAfterMs: 2000 }, 0],
])('connections wanted: %s', ([, change, wanted]) => {
  expect(connectionsWanted(pathWith(change), 4, 1000)).toBe(wanted);
});

test.for<readonly [string, Partial<Path>, number]>([
  ['none before a connection is open', { queued: queued(9), connections: 2, opening: 2 }, 0],
  ['one in reserve for each that works', { queued: queued(9), connections: 2 }, 2],
  ['two for one that waits', { queued: queued(9), connections: 1, idle: new Set([waiting]) }, 2],
  ['those under way and ready count', { queued: queued(9), connections: 3, claiming: 1, ready: [claimed('a')] }, 1],
])('claims wanted: %s', ([, change, wanted]) => {
  expect(claimsWanted(pathWith(change))).toBe(wanted);
});

test('a message goes to a connection that waits, else it is kept ready', async () => {
  const path = pathWith({});
  const { signal } = new AbortController();
  offer(path, claimed('a'));
  expect((await take(path, 1000, signal))?.lane.messageId).toBe('a');
  const next = take(path, 1000, signal);
  offer(path, claimed('b'));
  expect((await next)?.lane.messageId).toBe('b');
  expect(path.idle.size).toBe(0);
});

test('a connection that ends waits no longer', async () => {
  const path = pathWith({});
  const ended = new AbortController();
  const next = take(path, 60_000, ended.signal);
  ended.abort();
  expect(await next).toBeUndefined();
  expect(path.idle.size).toBe(0);
});
