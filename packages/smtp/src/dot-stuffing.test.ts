import { Buffer } from 'node:buffer';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { isSevenBit, stuffDots } from './dot-stuffing.ts';

/** What a strict server does: reads lines by CRLF up to the first lone dot, and takes one leading dot off. */
function unstuff(wire: string): { readonly content: string; readonly rest: string } {
  const lines: string[] = [];
  let rest = wire;
  for (;;) {
    const end = rest.indexOf('\r\n');
    if (end === -1) throw new Error('expected the end of data, found none');
    const line = rest.slice(0, end);
    rest = rest.slice(end + 2);
    if (line === '.') return { content: lines.map((text) => `${text}\r\n`).join(''), rest };
    lines.push(line.startsWith('.') ? line.slice(1) : line);
  }
}

function normalise(text: string): string {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => `${line}\r\n`).join('');
}

function wireOf(text: string): string {
  return stuffDots(Buffer.from(text, 'latin1')).wire.toString('latin1');
}

test.for<readonly [name: string, content: string, wire: string]>([
  ['nothing', '', '.\r\n'],
  ['clean lines', 'a\r\nb\r\n', 'a\r\nb\r\n.\r\n'],
  ['a last line without an end', 'a\r\nb', 'a\r\nb\r\n.\r\n'],
  ['bare LF', 'a\nb\n', 'a\r\nb\r\n.\r\n'],
  ['bare CR', 'a\rb\r', 'a\r\nb\r\n.\r\n'],
  ['CR before CRLF', 'a\r\r\nb', 'a\r\n\r\nb\r\n.\r\n'],
  ['a leading dot', '.a\r\n..\r\n', '..a\r\n...\r\n.\r\n'],
  ['a dot alone', '.', '..\r\n.\r\n'],
  ['a dot within a line', 'a.b\r\n', 'a.b\r\n.\r\n'],
  ['LF . LF', 'a\n.\nb', 'a\r\n..\r\nb\r\n.\r\n'],
  ['CR . CR', 'a\r.\rb', 'a\r\n..\r\nb\r\n.\r\n'],
  ['LF . CRLF', 'a\n.\r\nb', 'a\r\n..\r\nb\r\n.\r\n'],
  ['CRLF . LF', 'a\r\n.\nb', 'a\r\n..\r\nb\r\n.\r\n'],
  ['CR . CRLF', 'a\r.\r\nb', 'a\r\n..\r\nb\r\n.\r\n'],
  ['octets above 127', '\xff\xfe\r\n', '\xff\xfe\r\n.\r\n'],
])('makes %s ready for DATA', ([, content, wire]) => {
  expect(wireOf(content)).toBe(wire);
});

const anyContent = fc
  .array(fc.constantFrom('\r', '\n', '.', '\r\n', 'a', ' ', '\xe9', '\0'), { maxLength: 40 })
  .map((parts) => parts.join(''));

test('a server reads back the content, its line ends made CRLF, and nothing behind it', () => {
  fc.assert(
    fc.property(anyContent, (content) => {
      expect(unstuff(wireOf(content))).toEqual({ content: normalise(content), rest: '' });
    }),
    { numRuns: 1_000 },
  );
});

test('no server, however lenient about line ends, sees an end of data before the last', () => {
  fc.assert(
    fc.property(anyContent, (content) => {
      const wire = wireOf(content);
      expect(wire.slice(0, -3)).not.toMatch(/(?:^|[\r\n])\.(?:[\r\n]|$)/);
      expect(wire).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
    }),
    { numRuns: 1_000 },
  );
});

test('the size counts neither doubled dots nor the final one', () => {
  fc.assert(
    fc.property(anyContent, (content) => {
      expect(stuffDots(Buffer.from(content, 'latin1')).sizeOctets).toBe(normalise(content).length);
    }),
  );
});

test('seven-bit content has no octet above 127', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (octets) => {
      expect(isSevenBit(Buffer.from(octets))).toBe(octets.every((octet) => octet < 128));
    }),
  );
});
