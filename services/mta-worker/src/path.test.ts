import { expect, test } from 'vitest';
import type { ClaimedWork, LaneMessage } from './lane-message.ts';
import {
  claimsWanted,
  connectionsWanted,
  createPath,
  enqueue,
  hasRoom,
  offer,
  take,
  takeOverdue,
  takeOverdueClaims,
  type Path,
} from './path.ts';

const source = { publicId: 1, publicIp: '127.0.0.1', heloName: 'mx.test', weight: 1, pools: ['default'] };
const message = (messageId: string) => ({ messageId }) as LaneMessage;
const claimed = (messageId: string) => ({ lane: message(messageId) }) as ClaimedWork;
const pathWith = (change: Partial<Path>): Path => ({ ...createPath({ siteId: 1, source }), ...change });
const queued = (count: number) => Array.from({ length: count }, (_none, index) => message(String(index)));
const waiting = () => {};

test.for<readonly [string, Partial<Path>, number]>([
  ['none for nothing', {}, 0],
  ['one for the first message', { queued: queued(2) }, 1],
  ['as many again as there are', { queued: queued(9), connections: 3 }, 3],
  ['no more than there are messages', { queued: queued(2), connections: 3 }, 2],
  ['those on their way count', { queued: queued(9), connections: 4, opening: 3 }, 1],
  ['one on its way serves a message', { queued: queued(1), connections: 1, opening: 1 }, 0],
  ['one that waits serves a message', { queued: queued(1), connections: 1, idle: new Set([waiting]) }, 0],
  ['none for a claim under way', { claiming: 2 }, 0],
  ['none while the site wants no more', { queued: queued(9), connections: 1, openAfterMs: 2000 }, 0],
])('connections wanted: %s', ([, change, wanted]) => {
  expect(connectionsWanted(pathWith(change), 1000)).toBe(wanted);
});

test.for<readonly [string, Partial<Path>, number]>([
  ['none before a connection is open', { queued: queued(9), connections: 2, opening: 2 }, 0],
  ['two in reserve for each that works', { queued: queued(9), connections: 2 }, 4],
  ['one where a limit binds', { queued: queued(9), connections: 2, boundUntilMs: 2000 }, 2],
  ['three for one that waits', { queued: queued(9), connections: 1, idle: new Set([waiting]) }, 3],
  ['those under way and ready count', { queued: queued(9), connections: 3, claiming: 1, ready: [claimed('a')] }, 4],
  [
    'none while half the reserve is there',
    { queued: queued(9), connections: 2, claiming: 1, ready: [claimed('a')] },
    0,
  ],
])('claims wanted: %s', ([, change, wanted]) => {
  expect(claimsWanted(pathWith(change), 1000)).toBe(wanted);
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

test('the more urgent goes before the less urgent, behind its equals', () => {
  const path = pathWith({});
  const urgent = (messageId: string, urgency: number) => ({ ...message(messageId), urgency }) as LaneMessage;
  for (const each of [urgent('a', 4), urgent('b', 2), message('c'), urgent('d', 0), urgent('e', 4)])
    enqueue(path, each);
  expect(path.queued.map(({ messageId }) => messageId)).toEqual(['d', 'b', 'c', 'a', 'e']);
});

test('what waits for a path that is held back goes back, all but a few', () => {
  const path = pathWith({ queued: queued(12).map((each) => ({ ...each, arrivedAtMs: 0 })), openAfterMs: 30_000 });
  expect(takeOverdue(path, 1000)).toHaveLength(2);
  expect(takeOverdue(path, 1000)).toHaveLength(0);
  expect(takeOverdue({ ...path, connections: 1 }, 200_000)).toHaveLength(10);
});

test('claims of a path that is held back go back, all of them; of another those that have waited too long', () => {
  const ready = queued(3).map((each, index) => ({ lane: { ...each, arrivedAtMs: index * 1000 } }) as ClaimedWork);
  const ids = (claims: readonly ClaimedWork[]) => claims.map(({ lane }) => lane.messageId);
  const path = pathWith({ ready, openAfterMs: 4000 });
  expect(ids(takeOverdueClaims(path, 3000))).toEqual([]);
  expect(ids(takeOverdueClaims(path, 120_000))).toEqual(['0']);
  expect(ids(takeOverdueClaims({ ...path, openAfterMs: 200_000 }, 3000))).toEqual(['1', '2']);
  expect(ids(path.ready)).toEqual([]);
});

test.for<readonly [string, Partial<Path> | undefined, boolean]>([
  ['a path never used', undefined, true],
  ['one that is held back', { openAfterMs: 9000 }, false],
  ['one that is full, and moves', { openAfterMs: 9000, connections: 1 }, true],
  ['one that is far behind, and bound', { queued: queued(500), connections: 1, boundUntilMs: 2000 }, false],
  ['one that is far behind for want of speed', { queued: queued(500), connections: 1 }, true],
  ['one that is bound, and not far behind', { queued: queued(9), connections: 1, boundUntilMs: 2000 }, true],
])('room: %s', ([, change, room]) => {
  expect(hasRoom(change === undefined ? undefined : pathWith(change), 1000)).toBe(room);
});
