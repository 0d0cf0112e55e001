import { decodeMessageIdHeader, decodeUnsubscribeToken, decodeVerp } from '@mxflow/domain';
import { expect, test } from 'vitest';

import {
  compileSample,
  composedText,
  composeSample,
  SAMPLE_ID,
  SAMPLE_NOW,
  sampleMac,
  type Sample,
} from '../../test/sample-job.ts';

const greeting = { subject: 'Hello {{ name }}', text: 'Dear {{ name }},\nhow are you?\n' };

/** One message as it goes out, but for what depends on the MAC. */
test('a message reads like this', async () => {
  const text = await composedText({
    content: { ...greeting, html: '<p>Dear {{ name }}</p>\n' },
    variables: { name: 'A & Ö' },
  });
  expect(text.replace(/aaafa[a-z0-9.-]*/g, 'SEALED').split('\r\n')).toEqual([
    'To: ada@example.net',
    'Subject: =?UTF-8?Q?Hello_A_=26_=C3=96?=',
    'Date: Tue, 24 Nov 2026 12:00:01 +0000',
    expect.stringMatching(/^Message-ID: <m\.[a-z2-7]+\.[a-z2-7]{17}@bounces\.mxflow\.example>$/),
    expect.stringMatching(/^List-Unsubscribe: <https:\/\/mail\.mxflow\.example\/u\/[a-z2-7]+-[a-z2-7]{17}>,$/),
    expect.stringMatching(/^ <mailto:u-[a-z2-7]+-[a-z2-7]{17}@bounces\.mxflow\.example\?subject=unsubscribe>$/),
    'From: Shop <news@shop.example>',
    'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
    'List-Id: <weekly.shop.example>',
    'Feedback-ID: job_01:weekly::mxflow1',
    'MIME-Version: 1.0',
    'Content-Type: multipart/alternative;',
    ' boundary="=_a.42"',
    '',
    '--=_a.42',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'Dear=20=',
    'A & =C3=96=',
    ',',
    'how are you?',
    '',
    '--=_a.42',
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    '<p>Dear=20=',
    'A &amp; =C3=96=',
    '</p>',
    '',
    '--=_a.42--',
    '',
  ]);
});

test('return-path, Message-ID and one-click link each say whose message it is', async () => {
  const composed = await composeSample({ content: greeting, variables: { name: 'Ada' } });
  if (composed.kind !== 'composed') throw new Error(composed.because);
  const text = composed.content.toString('latin1');
  const [localPart = '', domain] = composed.reversePath.split('@');
  expect(domain).toBe('bounces.mxflow.example');
  expect(decodeVerp(localPart, sampleMac)).toEqual({ messageId: SAMPLE_ID, day: Math.floor(SAMPLE_NOW / 86_400_000) });
  expect(decodeMessageIdHeader(/^Message-ID: (.*)$/m.exec(text)?.[1]?.trim() ?? '', sampleMac)).toBe(SAMPLE_ID);
  expect(decodeUnsubscribeToken(/\/u\/([^>]*)>/.exec(text)?.[1] ?? '', sampleMac)).toBe(SAMPLE_ID);
  expect(decodeUnsubscribeToken(/<mailto:u-([^@]*)@/.exec(text)?.[1] ?? '', sampleMac)).toBe(SAMPLE_ID);
});

type Fault = readonly [sentence: string, sample: Sample, because: string];
const inHeader = { ...greeting, headers: { 'X-Note': '{{ note }}' } };
const breaks = 'the merged value holds a line break or a control character';

test.for<Fault>([
  ['a missing variable', { content: greeting }, 'Subject: variable name is missing and has no default'],
  [
    'a variable missing in the text',
    { content: { subject: 'x', text: 'Hi {{ user.name }}' } },
    'variable user is missing and has no default',
  ],
  [
    'an object where text was wanted',
    { content: { subject: 'x', text: '{{ a }}' }, variables: { a: {} } },
    'template: a: a text, number or boolean was expected, an object was found',
  ],
  [
    'CR LF merged into the subject',
    { content: greeting, variables: { name: 'x\r\nBcc: b@example.com' } },
    `Subject: ${breaks}`,
  ],
  [
    'a bare LF merged into the subject',
    { content: greeting, variables: { name: 'x\nBcc: b@example.com' } },
    `Subject: ${breaks}`,
  ],
  ['NUL merged into the subject', { content: greeting, variables: { name: '\u0000' } }, `Subject: ${breaks}`],
  [
    'a bare CR merged into a header',
    { content: inHeader, variables: { name: 'x', note: 'a\rb' } },
    `X-Note: ${breaks}`,
  ],
  [
    'a line break that logic makes',
    { content: { ...greeting, subject: '{{ "a%b" | replace: "%", name }}' }, variables: { name: '\r\nX: y' } },
    `Subject: ${breaks}`,
  ],
  [
    'a subject over 998 octets',
    { content: greeting, variables: { name: 'é'.repeat(500) } },
    'Subject: the merged value is longer than 998 octets',
  ],
  [
    'a header over 8000 octets',
    { content: inHeader, variables: { name: 'x', note: 'x'.repeat(8001) } },
    'X-Note: the merged value is longer than 8000 octets',
  ],
  [
    'a line break in the address',
    { content: greeting, variables: { name: 'x' }, address: 'a@example.net\r\nBcc: b@example.net' },
    'To: the recipient is not a mailbox',
  ],
  [
    'a line break in the local part',
    { content: greeting, variables: { name: 'x' }, address: 'a\r\n@example.net' },
    'To: the recipient is not a mailbox',
  ],
  [
    'two mailboxes in one address',
    { content: greeting, variables: { name: 'x' }, address: 'a@example.net, b@example.net' },
    'To: the recipient is not a mailbox',
  ],
  [
    'a body over 10 MB',
    { content: { subject: 'x', text: '{{ a }}' }, variables: { a: 'é'.repeat(2_000_000) } },
    'the merged message is longer than 10000000 octets',
  ],
])('unsendable, for this recipient alone: %s', async ([, sample, because]) => {
  expect(await composeSample(sample)).toEqual({ kind: 'unsendable', because });
});

type Refusal = readonly [sentence: string, sample: Sample, pointer: string];

test.for<Refusal>([
  ['a template that does not parse', { content: { subject: 'x', html: '{% if %}' } }, '/content/html'],
  [
    'a header that is not the job’s',
    { content: { ...greeting, headers: { Received: 'x' } } },
    '/content/headers/Received',
  ],
  ['a sender that is no mailbox', { content: greeting, settings: { from: { address: 'shop' } } }, '/settings/from'],
  [
    'a line break in the sender',
    { content: greeting, settings: { from: { name: 'a\r\nBcc: b', address: 'a@shop.example' } } },
    '/settings/from',
  ],
  [
    'a line break in the reply-to',
    { content: greeting, settings: { replyTo: { address: 'a\n@shop.example' } } },
    '/settings/replyTo',
  ],
])('the job is refused: %s', ([, sample, pointer]) => {
  expect(compileSample(sample)).toMatchObject({ kind: 'invalid', pointer });
});

type Path = readonly [sentence: string, address: string, forwardPath: string, smtpUtf8: boolean];

test.for<Path>([
  ['stays as it is', 'Ada.L@example.net', 'Ada.L@example.net', false],
  ['has its domain in A-labels', 'ada@bücher.example', 'ada@xn--bcher-kva.example', false],
  ['asks for SMTPUTF8 only for its local part', 'jörg@bücher.example', 'jörg@xn--bcher-kva.example', true],
  ['may be quoted', '"a b"@example.net', '"a b"@example.net', false],
])('an address %s', async ([, address, forwardPath, smtpUtf8]) => {
  const composed = await composeSample({ content: { subject: 'x', text: 'ä' }, address });
  expect(composed).toMatchObject({ kind: 'composed', forwardPath, smtpUtf8 });
  expect(composed.kind === 'composed' && composed.content.toString('utf8')).toContain(`To: ${forwardPath}\r\n`);
});

test('a job may have bounces come back to a domain of its own', async () => {
  const settings = { returnPathDomain: 'Bounces.Shop.example' };
  const composed = await composeSample({ content: { subject: 'x', text: 'x' }, settings });
  expect(composed).toMatchObject({ reversePath: expect.stringMatching(/^b-.*@bounces\.shop\.example$/) });
});

test('two attempts at one message differ in nothing but time', async () => {
  const result = compileSample({ content: greeting });
  if (result.kind === 'invalid') throw new Error(result.because);
  const once = { messageId: SAMPLE_ID, address: 'ada@example.net', variables: { name: 'x' }, now: SAMPLE_NOW };
  const first = await result.job.compose({ ...once, attempt: 1 });
  expect(await result.job.compose({ ...once, attempt: 2 })).toEqual(first);
});
