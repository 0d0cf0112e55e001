import { expect, test } from 'vitest';

import { roomFor } from './urgent-room.ts';

test.for<[title: string, urgency: number, limit: number, messages: number, leastUrgent: number, room: number]>([
  ['what is as urgent as what fills it has no more room', 2, 64, 64, 2, 0],
  ['what is less urgent has none either', 4, 64, 64, 2, 0],
  ['what is more urgent has a quarter more', 0, 2000, 2000, 2, 500],
  ['and sixteen at least', 1, 40, 40, 2, 16],
  ['but no more once the reserve is used', 0, 40, 56, 2, 0],
  ['a limit of nothing keeps nothing', 0, 0, 3, 2, -3],
])('%s', ([, urgency, limit, messages, leastUrgent, room]) => {
  expect(roomFor(urgency, limit, { messages, leastUrgent })).toBe(room);
});

test('nothing held leaves the limit', () => {
  expect(roomFor(0, 64, undefined)).toBe(64);
});
