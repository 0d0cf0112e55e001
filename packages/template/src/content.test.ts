import type { JobContent } from '@mxflow/domain';
import { expect, test } from 'vitest';

import { compileContent } from './content.ts';

const sound: JobContent = { subject: 'Hi {{ name }}', text: 'Hello {{ name }}' };
const picture = { filename: 'a.png', contentType: 'image/png', content: 'AAAA' };

type Row = readonly [sentence: string, content: JobContent, pointer: string];

test.for<Row>([
  ['neither html nor text', { subject: 'x' }, ''],
  ['a subject that does not parse', { ...sound, subject: '{{ a' }, '/subject'],
  ['a subject of two lines', { ...sound, subject: 'a\r\nBcc: b@example.com' }, '/subject'],
  ['a subject with a bare LF inside logic', { ...sound, subject: '{% if a %}\n{% endif %}' }, '/subject'],
  ['a subject of 10 MB', { ...sound, subject: 'x'.repeat(10_000_000) }, '/subject'],
  ['html with an unknown tag', { ...sound, html: "{% include 'x' %}" }, '/html'],
  ['text with an unknown filter', { ...sound, text: '{{ a | nope }}' }, '/text'],
  ['a From header', { ...sound, headers: { From: 'x' } }, '/headers/From'],
  ['bcc in any case', { ...sound, headers: { bCC: 'x' } }, '/headers/bCC'],
  ['any Content- header', { ...sound, headers: { 'Content-Language': 'de' } }, '/headers/Content-Language'],
  ['a DKIM-Signature', { ...sound, headers: { 'DKIM-Signature': 'v=1' } }, '/headers/DKIM-Signature'],
  ['a header name with a colon', { ...sound, headers: { 'X-A: b\r\nX': 'c' } }, '/headers/X-A: b\r\nX'],
  ['a header name with a slash', { ...sound, headers: { 'X/Y~Z': 'c' } }, '/headers/X~1Y~0Z'],
  ['a header that stands twice', { ...sound, headers: { 'X-A': '1', 'x-a': '2' } }, '/headers/x-a'],
  ['a header of two lines', { ...sound, headers: { 'X-A': 'a\nb' } }, '/headers/X-A'],
  ['a file name with a path', { ...sound, attachments: [{ ...picture, filename: '../x' }] }, '/attachments/0/filename'],
  [
    'a type with a line break',
    { ...sound, attachments: [picture, { ...picture, contentType: 'a/b\r\nX: y' }] },
    '/attachments/1/contentType',
  ],
  [
    'an attached multipart',
    { ...sound, attachments: [{ ...picture, contentType: 'multipart/mixed' }] },
    '/attachments/0/contentType',
  ],
  [
    'a Content-ID in brackets',
    { ...sound, attachments: [{ ...picture, contentId: '<a>' }] },
    '/attachments/0/contentId',
  ],
  [
    'content that is not base64',
    { ...sound, attachments: [{ ...picture, content: 'A*==' }] },
    '/attachments/0/content',
  ],
])('refused, and the place is named: %s', ([, content, pointer]) => {
  expect(compileContent(content)).toMatchObject({ kind: 'invalid', pointer });
});

test('a sound content compiles', () => {
  const headers = { 'X-Campaign': '{{ campaign | default: "none" }}' };
  expect(compileContent({ ...sound, html: '<p>{{ name }}</p>', headers, attachments: [picture] })).toMatchObject({
    kind: 'compiled',
    content: { headers: [{ name: 'X-Campaign' }], attachments: [picture] },
  });
});
