import { Buffer } from 'node:buffer';

import type { Attachment } from '@mxflow/domain';
import fc from 'fast-check';
import PostalMime, { type Email } from 'postal-mime';
import { expect, test } from 'vitest';

import { composeSample, type Sample } from '../../test/sample-job.ts';

/** What another implementation reads, or `undefined` where nothing was composed. */
async function readBack(sample: Sample): Promise<{ readonly octets: Buffer; readonly email: Email } | undefined> {
  const composed = await composeSample(sample);
  if (composed.kind === 'unsendable') return undefined;
  return { octets: composed.content, email: await PostalMime.parse(composed.content) };
}

const canonical = (text: string) => text.toWellFormed().replace(/\r\n?|\n/g, '\n');
/** A reader may drop line ends at the end of a part, and NUL. */
const comparable = (text: string | undefined) => canonical(text ?? '').replace(/\n+$/, '');

const nasty = fc.oneof(
  fc.constantFrom(
    '\r\nBcc: eve@example.com',
    '\n\n<html>',
    '\r',
    '.\r\n',
    '\n.\n',
    '--=_a.42',
    '=_a.42',
    '=\r\n',
    'From ',
    '\t ',
    '<',
    '&',
  ),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
);
const anyText = fc.string({ unit: nasty, maxLength: 60 }).filter((text) => !text.includes('\u0000'));
/** Without what means something to a template. */
const anyFixed = anyText.map((text) => text.replace(/[{}]/g, ''));
const anyTemplate = fc.array(
  fc.oneof(anyFixed, fc.constantFrom('{{ a }}', '{{ b }}', '{% if b %}{{ b }}{% endif %}')),
  { maxLength: 6 },
);

const NAMES = [
  'to',
  'subject',
  'date',
  'message-id',
  'list-unsubscribe',
  'from',
  'list-unsubscribe-post',
  'list-id',
  'feedback-id',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'x-note',
];

test('whatever is merged, only our headers are there, each once, and lines are short, 7-bit and end in CRLF', async () => {
  await fc.assert(
    fc.asyncProperty(anyTemplate, anyText, anyText, fc.boolean(), async (template, a, b, both) => {
      const source = template.join('');
      const content = {
        subject: 'S {{ a }}',
        headers: { 'X-Note': '{{ b }}' },
        text: source,
        ...(both ? { html: source } : {}),
      };
      const read = await readBack({ content, variables: { a, b } });
      // eslint-disable-next-line no-control-regex -- control characters are what must not be there
      const breaking = /[\u0000-\u0008\u000a-\u001f\u007f]/.test(a + b);
      expect(read === undefined).toBe(breaking);
      if (read === undefined) return;
      const lines = read.octets.toString('latin1').split('\r\n');
      for (const line of lines) expect(line).toMatch(/^[\t -~]{0,998}$/);
      expect(lines.at(-1)).toBe('');
      const names = read.email.headers.map(({ key }) => key);
      expect(new Set(names).size).toBe(names.length);
      expect(NAMES).toEqual(expect.arrayContaining(names));
    }),
    { numRuns: 300 },
  );
});

const anyLine = fc.string({ unit: 'grapheme', maxLength: 80 }).filter((line) => !/\p{Cc}/u.test(line));

test('subject, text and html come back as they were merged', async () => {
  await fc.assert(
    fc.asyncProperty(anyLine, anyFixed, anyText, async (name, fixed, value) => {
      const content = {
        subject: '{{ name }}',
        text: `${fixed}|{{ value }}|${fixed}.`,
        html: `{{ value | raw }}<p>${fixed}</p>.`,
      };
      const read = await readBack({ content, variables: { name, value } });
      expect(read?.email.subject ?? '').toBe(name);
      expect(comparable(read?.email.text)).toBe(comparable(`${fixed}|${value}|${fixed}.`));
      expect(comparable(read?.email.html)).toBe(comparable(`${value}<p>${fixed}</p>.`));
    }),
    { numRuns: 300 },
  );
});

const anyName = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .filter((name) => !/[\p{Cc}/\\]/u.test(name) && name.trim() === name);

test('display names and file names come back', async () => {
  await fc.assert(
    fc.asyncProperty(anyName, anyName, fc.uint8Array({ maxLength: 300 }), async (name, filename, octets) => {
      const attachment: Attachment = {
        filename,
        contentType: 'image/png; x=y',
        content: Buffer.from(octets).toString('base64'),
      };
      const content = {
        subject: 'x',
        html: '<img src="cid:c1">',
        text: 'x',
        attachments: [attachment, { ...attachment, contentId: 'c1' }],
      };
      const read = await readBack({ content, settings: { from: { name, address: 'a@shop.example' } } });
      expect(read?.email.from).toEqual({ name, address: 'a@shop.example' });
      const attachments = read?.email.attachments ?? [];
      expect(attachments.map((found) => found.filename)).toEqual([filename, filename]);
      expect(attachments.map(({ disposition, contentId, related }) => [disposition, contentId, related])).toEqual([
        ['inline', '<c1>', true],
        ['attachment', undefined, undefined],
      ]);
      for (const { content: found } of attachments)
        expect(Buffer.from(found as ArrayBuffer)).toEqual(Buffer.from(octets));
    }),
    { numRuns: 100 },
  );
});
