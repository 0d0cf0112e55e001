import { Buffer } from 'node:buffer';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { atReplyBoundary, EMPTY_READER, readReplies, type ReadStep } from './reply-reader.ts';

function readAll(chunks: readonly Buffer[]): ReadStep {
  let step: ReadStep = { state: EMPTY_READER, replies: [], fault: undefined };
  for (const chunk of chunks) {
    if (step.fault !== undefined) return step;
    const next = readReplies(step.state, chunk);
    step = { ...next, replies: [...step.replies, ...next.replies] };
  }
  return step;
}

function read(text: string | Buffer): ReadStep {
  return readAll([Buffer.from(text as string, 'latin1')]);
}

function cut(octets: Buffer, points: readonly number[]): Buffer[] {
  const sorted = points.map((point) => point % (octets.length + 1)).toSorted((one, other) => one - other);
  return [0, ...sorted].map((start, index) => octets.subarray(start, sorted[index] ?? octets.length));
}

type Row = readonly [name: string, text: string, replies: readonly unknown[]];

test.for<Row>([
  ['a reply of one line', '250 2.1.0 Fine\r\n', [{ code: 250, enhanced: '2.1.0', lines: ['2.1.0 Fine'] }]],
  ['a code alone', '250\r\n', [{ code: 250, enhanced: undefined, lines: [''] }]],
  ['LF for CRLF', '220 hello\n', [{ code: 220, enhanced: undefined, lines: ['hello'] }]],
  [
    'several lines',
    '250-mx\r\n250-SIZE 5\r\n250 HELP\r\n',
    [{ code: 250, enhanced: undefined, lines: ['mx', 'SIZE 5', 'HELP'] }],
  ],
  ['a last line that is a code alone', '550-no\r\n550\r\n', [{ code: 550, enhanced: undefined, lines: ['no', ''] }]],
  [
    'several replies',
    '250 a\r\n354 b\r\n',
    [
      { code: 250, enhanced: undefined, lines: ['a'] },
      { code: 354, enhanced: undefined, lines: ['b'] },
    ],
  ],
  [
    'an enhanced status of another class is none',
    '250 5.1.1 odd\r\n',
    [{ code: 250, enhanced: undefined, lines: ['5.1.1 odd'] }],
  ],
  [
    'Latin-1 where it is not UTF-8',
    '550 d\xe9sol\xe9\r\n',
    [{ code: 550, enhanced: undefined, lines: ['d\u00e9sol\u00e9'] }],
  ],
  [
    'control characters become question marks',
    '550 a\0b\rc\x1b[2J\r\n',
    [{ code: 550, enhanced: undefined, lines: ['a?b?c?[2J'] }],
  ],
])('reads %s', ([, text, replies]) => {
  const step = read(text);
  expect(step.replies).toEqual(replies);
  expect(step.fault).toBeUndefined();
  expect(atReplyBoundary(step.state)).toBe(true);
});

test('reads UTF-8', () => {
  expect(readAll([Buffer.from('550 найдено 邮箱\r\n')]).replies[0]?.lines).toEqual(['найдено 邮箱']);
});

test.for<readonly [name: string, text: string, fault: string]>([
  ['no code', 'hello\r\n', 'malformed'],
  ['an empty line', '\r\n', 'malformed'],
  ['a code under 200', '150 wait\r\n', 'malformed'],
  ['a code over 599', '650 what\r\n', 'malformed'],
  ['no separator', '250_ok\r\n', 'malformed'],
  ['codes that disagree', '250-a\r\n550 b\r\n', 'codes-disagree'],
  ['a line of more than 2,000 octets', `250 ${'x'.repeat(2_000)}\r\n`, 'line-too-long'],
  ['a line of 10 MB that never ends', `250 ${'x'.repeat(10_000_000)}`, 'line-too-long'],
  ['more than 100 lines', '250-x\r\n'.repeat(101), 'too-many-lines'],
  ['more than 64 kB', `250-${'x'.repeat(1_900)}\r\n`.repeat(40), 'reply-too-long'],
])('finds fault with %s', ([, text, fault]) => {
  expect(read(text).fault?.kind).toBe(fault);
});

test('what came before a fault still counts', () => {
  const step = read('250 ok\r\nnonsense\r\n250 late\r\n');
  expect(step.replies.map(({ code }) => code)).toEqual([250]);
  expect(step.fault).toEqual({ kind: 'malformed', found: 'nonsense' });
});

test('a partial reply is no boundary', () => {
  expect(atReplyBoundary(read('25').state)).toBe(false);
  expect(atReplyBoundary(read('250-x\r\n').state)).toBe(false);
});

const anyLine = fc.oneof(
  fc
    .tuple(fc.integer({ min: 150, max: 620 }), fc.constantFrom(' ', '-', '', '_'), fc.string({ maxLength: 12 }))
    .map((parts) => parts.join('')),
  fc.constantFrom('250-a', '250 b', '550 5.1.1 no', '', `250 ${'y'.repeat(2_100)}`),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const anyStream = fc
  .array(fc.tuple(anyLine, fc.constantFrom('\r\n', '\n', '\r')), { maxLength: 12 })
  .map((lines) => Buffer.from(lines.flat().join('')));

test('however a stream is cut, it reads the same', () => {
  fc.assert(
    fc.property(anyStream, fc.array(fc.nat(), { maxLength: 8 }), (octets, points) => {
      const whole = readAll([octets]);
      expect(readAll(cut(octets, points))).toEqual(whole);
      expect(readAll(cut(octets, [...octets.keys()]))).toEqual(whole);
    }),
  );
});

test('no octets at all make it throw, or keep more than a bounded part of them', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 6 }), (chunks) => {
      const { state } = readAll(chunks.map((chunk) => Buffer.from(chunk)));
      expect(state.partial.length).toBeLessThanOrEqual(2_000);
    }),
  );
});
