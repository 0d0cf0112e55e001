import fc from 'fast-check';
import { expect, test } from 'vitest';

import { readLines, type Line } from './ndjson-lines.ts';

const LIMITS = { first: 20, others: 10 };

async function read(parts: readonly (string | Buffer)[]): Promise<readonly string[]> {
  const octets = (async function* () {
    for (const part of parts) yield Buffer.from(part as string);
  })();
  const found: string[] = [];
  for await (const lines of readLines(octets, LIMITS)) found.push(...lines.map(write));
  return found;
}

function write(line: Line): string {
  return line.kind === 'line' ? `${line.number}:${line.octets.toString()}` : `${line.number}!`;
}

test.for<[title: string, parts: readonly string[], lines: readonly string[]]>([
  ['LF and CRLF end a line', ['a\nb\r\nc'], ['1:a', '2:b', '3:c']],
  ['blank lines are numbered and skipped', ['\n \t\r\na\n\n'], ['3:a']],
  ['a line may come in pieces', ['a', 'b', 'c\nd', 'e\n'], ['1:abc', '2:de']],
  [
    'the first line may be longer than the others',
    [`${'a'.repeat(20)}\n${'b'.repeat(10)}\n`],
    [`1:${'a'.repeat(20)}`, `2:${'b'.repeat(10)}`],
  ],
  ['one that is too long costs itself alone', ['a\n', 'b'.repeat(8), 'b'.repeat(8), '\nc\n'], ['1:a', '2!', '3:c']],
  ['even as the last one', ['a\n', 'b'.repeat(30)], ['1:a', '2!']],
  ['nothing is no line', [], []],
])('%s', async ([, parts, lines]) => {
  expect(await read(parts)).toEqual(lines);
});

test('however the octets are cut, the lines are the same', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\r', ' '), maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(200), { maxLength: 8 }), async (whole, cuts) => {
      const octets = Buffer.from(whole);
      const ends = [...cuts.map((cut) => Math.min(cut, octets.length)), octets.length].toSorted(
        (one, other) => one - other,
      );
      const parts = ends.map((end, index) => octets.subarray(ends[index - 1] ?? 0, end));
      expect(await read(parts)).toEqual(await read([octets]));
    }),
  );
});
