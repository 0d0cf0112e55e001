import { Buffer } from 'node:buffer';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';

import fc from 'fast-check';
import { dkimVerify } from 'mailauth/lib/dkim/verify.js';
import { expect, test } from 'vitest';

import { compileSample, composeSample, composedText, type Sample } from '../../test/sample-job.ts';
import { chooseKeys } from './dkim.ts';
import type { DkimKey } from './instance.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ed25519 = generateKeyPairSync('ed25519');
const domain = 'shop.example';
const rsaKey: DkimKey = { domain, selector: 'r1', algorithm: 'rsa-sha256', key: rsa.privateKey };
const edKey: DkimKey = { domain, selector: 'e1', algorithm: 'ed25519-sha256', key: ed25519.privateKey };

const records: Readonly<Record<string, string>> = {
  'r1._domainkey.shop.example': `v=DKIM1; k=rsa; p=${rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`,
  'e1._domainkey.shop.example': `v=DKIM1; k=ed25519; p=${rawPublicKey(ed25519.publicKey)}`,
};

/** RFC 8463 §4.2: the last 32 octets of the SubjectPublicKeyInfo. */
function rawPublicKey(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
}

/** What another implementation finds: one word per signature. */
async function verify(message: string): Promise<readonly string[]> {
  const resolver = async (name: string) => {
    const record = records[name];
    if (record === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    return [[record]];
  };
  const { results } = await dkimVerify(Buffer.from(message, 'utf8'), { resolver });
  return results.map(({ status, signingDomain }) => `${status.result} ${String(signingDomain)}`);
}

const longHeader = { 'X-Long': '{{ word }} '.repeat(60) };
const picture = { filename: 'a.png', contentType: 'image/png', content: Buffer.alloc(5000, 3).toString('base64') };

type Row = readonly [sentence: string, sample: Sample];

test.for<Row>([
  ['plain text', { content: { subject: 'Hello', text: 'Hello\n' } }],
  ['an empty body', { content: { subject: 'Hello', text: '' } }],
  ['a body merged from nothing', { content: { subject: 'Hello', text: '{{ a }}' }, variables: { a: '' } }],
  ['a body of line ends only', { content: { subject: 'Hello', text: '\n\n\n' } }],
  [
    'a merged body of line ends only',
    { content: { subject: 'Hello', text: '{{ a }}\n\n' }, variables: { a: '\r\n\n' } },
  ],
  ['empty lines at the end', { content: { subject: 'Hello', text: 'Hi {{ a }}\n\n\n' }, variables: { a: 'x' } }],
  [
    'many empty lines at the end',
    { content: { subject: 'Hello', text: `Hi {{ a }}${'\n'.repeat(2000)}` }, variables: { a: 'x' } },
  ],
  [
    'a long text that is never merged, with empty lines at the end',
    { content: { subject: 'Hello', text: `${'Hello  there\n'.repeat(200)}\n\n` } },
  ],
  ['lines of dots', { content: { subject: 'Hello', text: '.\n..\n{{ a }}.\n' }, variables: { a: '.\n.' } }],
  [
    'uneven white space',
    { content: { subject: 'a  b\tc ', text: '  a \t b  \n\t{{ a }}  \n' }, variables: { a: ' \t x  y ' } },
  ],
  [
    'a logic template with indents',
    { content: { subject: 'x', html: '<ul>\n{% for i in (1..3) %}    <li>{{ i }}</li>  \n{% endfor %}</ul>' } },
  ],
  [
    'long folded headers',
    { content: { subject: '{{ word }} '.repeat(40), text: 'x', headers: longHeader }, variables: { word: 'folded' } },
  ],
  [
    'a long encoded subject',
    { content: { subject: 'Grüße an {{ name }}, wo immer du bist', text: 'ä' }, variables: { name: '😀'.repeat(60) } },
  ],
  [
    'a base64 text',
    { content: { subject: 'こんにちは', text: 'こんにちは {{ name }}\n' }, variables: { name: '世界' } },
  ],
  [
    'html, text and attachments',
    {
      content: {
        subject: 'x',
        html: '<p>{{ a }}</p>',
        text: '{{ a }}',
        attachments: [picture, { ...picture, contentId: 'c' }],
      },
      variables: { a: 'é' },
    },
  ],
  ['a quoted local part with spaces', { content: { subject: 'x', text: 'x' }, address: '"a  b"@example.net' }],
  ['a local part beyond ASCII', { content: { subject: 'x', text: 'x' }, address: 'jörg@example.net' }],
  [
    'a long sender and a reply-to',
    {
      content: { subject: 'x', text: 'x' },
      settings: {
        from: { name: 'Ä '.repeat(60), address: 'a@shop.example' },
        replyTo: { name: 'x, y', address: 'r@shop.example' },
      },
    },
  ],
])('both signatures are right: %s', async ([, sample]) => {
  expect(await verify(await composedText({ ...sample, dkim: [rsaKey, edKey] }))).toEqual([
    'pass shop.example',
    'pass shop.example',
  ]);
});

const anyText = fc.string({
  unit: fc.constantFrom('a', ' ', '\t', '\n', '\r\n', '.', '=', 'é', '{% if a %}b{% endif %}', '{{ a }}'),
  maxLength: 120,
});

test('the signature is right whatever is merged into whatever', async () => {
  await fc.assert(
    fc.asyncProperty(anyText, anyText, fc.string({ maxLength: 40 }), async (text, html, a) => {
      const composed = await composedText({ content: { subject: 'x', text, html }, variables: { a }, dkim: [edKey] });
      expect(await verify(composed)).toEqual(['pass shop.example']);
    }),
    { numRuns: 100 },
  );
});

type Change = readonly [sentence: string, change: (message: string) => string];

test.for<Change>([
  ['the text', (message) => message.replace('Hello', 'Jello')],
  ['the subject', (message) => message.replace('Subject: ', 'Subject: Re: ')],
  ['the one-click link', (message) => message.replace('/u/', '/v/')],
  ['a second From above the first', (message) => `From: other@example.net\r\n${message}`],
  [
    'a second From below the first',
    (message) => message.replace('MIME-Version', 'From: other@example.net\r\nMIME-Version'),
  ],
])('a signature breaks when someone changes %s', async ([, change]) => {
  const sample: Sample = { content: { subject: 'Sub', text: 'Hello' }, dkim: [edKey, rsaKey] };
  const results = await verify(change(await composedText(sample)));
  expect(results.every((result) => !result.startsWith('pass'))).toBe(true);
});

const keysOf = (...domains: readonly string[]) => domains.map((name) => ({ ...edKey, domain: name }));

test.for<readonly [sentence: string, keys: readonly string[], from: string, chosen: readonly string[]]>([
  ['the domain itself', ['example.com', 'other.example'], 'example.com', ['example.com']],
  ['a parent', ['example.com'], 'news.example.com', ['example.com']],
  ['the nearest parent', ['example.com', 'news.example.com'], 'a.news.example.com', ['news.example.com']],
  ['all keys of one domain', ['example.com', 'example.com'], 'example.com', ['example.com', 'example.com']],
  ['never a child', ['news.example.com'], 'example.com', []],
  ['never one that only ends alike', ['ample.com'], 'example.com', []],
])('keys: %s', ([, keys, from, chosen]) => {
  expect(chooseKeys(keysOf(...keys), from).map((key) => key.domain)).toEqual(chosen);
});

test('without a key for its domain a message goes unsigned', async () => {
  const content = { subject: 'x', text: 'x' };
  expect(await composedText({ content, dkim: keysOf('other.example') })).not.toContain('DKIM-Signature');
});

test('a key of another kind is refused when the job is compiled', () => {
  const content = { subject: 'x', text: 'x' };
  expect(compileSample({ content, dkim: [{ ...rsaKey, key: ed25519.privateKey }] }).kind).toBe('invalid');
  expect(compileSample({ content, dkim: [{ ...rsaKey, key: rsa.publicKey }] }).kind).toBe('invalid');
});

test('only RSA makes the answer a promise', () => {
  const content = { subject: 'x', text: 'x' };
  expect(composeSample({ content, dkim: [edKey] })).not.toBeInstanceOf(Promise);
  expect(composeSample({ content, dkim: [edKey, rsaKey] })).toBeInstanceOf(Promise);
});
