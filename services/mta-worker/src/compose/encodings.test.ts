import { Buffer } from 'node:buffer';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { encodeTextBase64 } from './base64-lines.ts';
import { encodeWords } from './encoded-words.ts';
import { unstructuredField } from './header-field.ts';
import { encodeQuotedPrintable } from './quoted-printable.ts';
import { relaxBody, relaxBodyEnd, relaxField } from './relaxed-form.ts';

type Row = readonly [sentence: string, text: string, encoded: string];

test.for<Row>([
  ['plain text stays', 'Hello, world', 'Hello, world'],
  ['nothing stays nothing', '', ''],
  ['an equals sign is encoded', 'a=b', 'a=3Db'],
  ['octets beyond ASCII are encoded', 'ä€', '=C3=A4=E2=82=AC'],
  ['every line end is CRLF', 'a\nb\rc\r\nd\n\re', 'a\r\nb\r\nc\r\nd\r\n\r\ne'],
  ['a space before a line end is encoded', 'a \nb\t\n ', 'a=20\r\nb=09\r\n=20'],
  ['a space inside stays', '\ta  b', '\ta  b'],
  ['a dot at the start of a line is encoded', '.\n..\na.', '=2E\r\n=2E.\r\na.'],
  ['From at the start of a line is encoded', 'From me\nFrom\nNot From me', '=46rom me\r\nFrom\r\nNot From me'],
  ['NUL and DEL are encoded', '\u0000\u007f', '=00=7F'],
  ['half a surrogate pair is replaced', 'a\ud800b', 'a=EF=BF=BDb'],
  ['a line is broken at 75', 'x'.repeat(80), `${'x'.repeat(75)}=\r\nxxxxx`],
  ['an encoded octet is not broken', `${'x'.repeat(73)}ä`, `${'x'.repeat(73)}=\r\n=C3=A4`],
  ['a dot after a soft break is encoded', `${'x'.repeat(75)}.`, `${'x'.repeat(75)}=\r\n=2E`],
])('quoted-printable: %s', ([, text, encoded]) => {
  expect(encodeQuotedPrintable(text)).toBe(encoded);
});

const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\n', '\r', '\r\n', ' ', '\t', '.', '=', 'a', 'F', 'From ', 'é', '€', '😀', '\u0000'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 300,
});

function lines(text: string): readonly string[] {
  return text.split('\r\n');
}

test('quoted-printable gives back what went in, on short lines that no relay touches', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const encoded = encodeQuotedPrintable(text);
      const decoded = encoded
        .replaceAll('=\r\n', '')
        .replace(/=([0-9A-F]{2})/g, (_, octet: string) => String.fromCharCode(Number.parseInt(octet, 16)));
      expect(Buffer.from(decoded, 'latin1').toString()).toBe(Buffer.from(text.replace(/\r\n?|\n/g, '\r\n')).toString());
      for (const line of lines(encoded)) expect(line).toMatch(/^(?!\.|From )[\t -~]{0,76}(?<![ \t])$/);
    }),
    { numRuns: 500 },
  );
});

test('base64 gives back what went in, on lines of at most 76', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const encoded = encodeTextBase64(text);
      expect(Buffer.from(encoded, 'base64').toString()).toBe(Buffer.from(text.replace(/\r\n?|\n/g, '\r\n')).toString());
      for (const line of lines(encoded)) expect(line).toMatch(/^[A-Za-z0-9+/=]{0,76}$/);
    }),
  );
});

/** RFC 2047 as a reader applies it, once lines are unfolded. */
function decodeWords(encoded: string): string {
  return encoded
    .replace(/\?=\r\n =\?/g, '?==?')
    .replace(/=\?UTF-8\?([BQ])\?(.*?)\?=/g, (_, letter: string, part: string) =>
      letter === 'B'
        ? Buffer.from(part, 'base64').toString()
        : Buffer.from(
            part
              .replaceAll('_', ' ')
              .replace(/=([0-9A-F]{2})/g, (__, octet: string) => String.fromCharCode(Number.parseInt(octet, 16))),
            'latin1',
          ).toString(),
    );
}

const anyLine = fc.string({ unit: 'grapheme', maxLength: 200 }).filter((line) => !/\p{Cc}/u.test(line));

test('encoded words give back what went in, none longer than 75, no line longer than 76', () => {
  fc.assert(
    fc.property(anyLine, fc.nat(40), (text, column) => {
      const encoded = encodeWords(text, column);
      expect(decodeWords(encoded)).toBe(text);
      for (const [at, line] of lines(encoded).entries()) {
        expect(line).toMatch(/^ ?=\?UTF-8\?[BQ]\?[!->@-~]*\?=$/);
        expect((at === 0 ? column : 0) + line.length).toBeLessThanOrEqual(76);
      }
    }),
    { numRuns: 500 },
  );
});

type FieldRow = readonly [sentence: string, value: string, field: string];

test.for<FieldRow>([
  ['a short one stays', 'Hello', 'Subject: Hello'],
  ['an empty one has nothing behind its colon', '', 'Subject:'],
  [
    'words are folded at 78',
    `${'word '.repeat(20)}end`,
    `Subject: ${'word '.repeat(12)}word word\r\n ${'word '.repeat(6)}end`,
  ],
  ['double spaces are kept by encoding', 'a  b', 'Subject: =?UTF-8?Q?a__b?='],
  ['what looks encoded is encoded', '=?UTF-8?Q?a?=', 'Subject: =?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fa=3F=3D?='],
  ['a tab is kept by encoding', 'a\tb', 'Subject: =?UTF-8?Q?a=09b?='],
  ['accents are readable', 'Grüße', 'Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?='],
  ['other scripts are base64', 'こんにちは', 'Subject: =?UTF-8?B?44GT44KT44Gr44Gh44Gv?='],
])('a header field: %s', ([, value, field]) => {
  expect(unstructuredField('Subject', value)).toBe(field);
});

test('no header line is longer than 998, and folding takes nothing away', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        anyLine,
        fc.array(fc.string({ maxLength: 900 }), { maxLength: 3 }).map((words) => words.join(' ')),
      ),
      (value) => {
        const field = unstructuredField('X-Note', value);
        const unfolded = decodeWords(field).replaceAll('\r\n', '');
        expect(unfolded).toBe(value === '' ? 'X-Note:' : `X-Note: ${value}`);
        // A line that holds only white space is obsolete syntax.
        for (const line of lines(field)) expect(line).toMatch(/^(?=.*\S)[\t -~]{1,998}$/);
      },
    ),
    { numRuns: 300 },
  );
});

test.for<Row>([
  ['runs of white space become one space', 'a \t b\r\n', 'a b\r\n'],
  ['white space at a line end goes', 'a \t\r\nb\r\n', 'a\r\nb\r\n'],
  ['white space at a line start becomes one space', '\t a\r\n', ' a\r\n'],
  ['empty lines stay', 'a\r\n\r\nb\r\n', 'a\r\n\r\nb\r\n'],
])('a relaxed body: %s', ([, stretch, relaxed]) => {
  expect(relaxBody(stretch)).toBe(relaxed);
});

test.for<Row>([
  ['one CRLF stays', 'a\r\n', 'a\r\n'],
  ['empty lines go', 'a\r\n\r\n\r\n', 'a\r\n'],
  ['a missing CRLF is added', 'a', 'a\r\n'],
  ['nothing but empty lines is nothing', '\r\n\r\n', ''],
  ['nothing is nothing', '', ''],
])('the end of a relaxed body: %s', ([, body, relaxed]) => {
  expect(relaxBodyEnd(body)).toBe(relaxed);
});

test('a relaxed header field is unfolded, lower-case in its name, single-spaced', () => {
  expect(relaxField('SubJect :  a \t b\r\n\tc  ')).toBe('subject:a b c');
});
