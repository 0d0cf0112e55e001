import { afterAll, beforeAll, expect, test } from 'vitest';

import { DEFINITION, NDJSON, recipientsUpTo, startApi, toStream, type TestApi } from './api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi({ limits: { bodyOctets: 12_000_000, heldOctets: 24_000_000 } });
});
afterAll(() => api[Symbol.asyncDispose]());

const RECIPIENTS = recipientsUpTo(2);

async function leftovers(): Promise<{ jobs: number; contents: number; chunks: number }> {
  const { job, content, jobChunk } = api.database.client;
  const [jobs, contents, chunks] = await Promise.all([job.count(), content.count(), jobChunk.count()]);
  return { jobs, contents, chunks };
}

type Fault = { readonly pointer: string; readonly expected?: RegExp; readonly found?: RegExp };
type Row = readonly [title: string, change: object, ...faults: Fault[]];

const line = /one line without control characters/;
const tenMegabytes = 'x'.repeat(10_000_000);

test.for<Row>([
  [
    'CR LF in the subject',
    { subject: 'a\r\nBcc: x@example.com' },
    { pointer: '/subject', expected: line, found: /^"a\\u000d\\u000aBcc/ },
  ],
  [
    'LF in the name of the sender',
    { from: { name: 'a\nb', address: 'a@sender.example' } },
    { pointer: '/from/name', expected: line },
  ],
  [
    'CR in the name of replyTo',
    { replyTo: { name: 'a\rb', address: 'a@sender.example' } },
    { pointer: '/replyTo/name', expected: line },
  ],
  ['LF in a header value', { headers: { 'X-A': 'a\nX-B: c' } }, { pointer: '/headers/X-A', expected: line }],
  ['LF in a header name', { headers: { 'X-A\nX-B': 'a' } }, { pointer: '/headers/X-A\nX-B' }],
  ['a colon in a header name', { headers: { 'X:A': 'a' } }, { pointer: '/headers/X:A' }],
  ['a header that is ours', { headers: { 'DKIM-Signature': 'a' } }, { pointer: '/headers/DKIM-Signature' }],
  ['NUL in the text', { text: 'a\0b' }, { pointer: '/text', expected: /without NUL/ }],
  ['half a surrogate pair in the HTML', { html: 'a\ud800' }, { pointer: '/html', expected: /without half/ }],
  [
    'LF in the address of the sender',
    { from: { address: 'a\n@sender.example' } },
    { pointer: '/from/address', expected: /mailbox/ },
  ],
  ['LF in the return-path', { returnPath: 'sender.example\nx' }, { pointer: '/returnPath', expected: /domain/ }],
  [
    'LF in a file name',
    { attachments: [{ filename: 'a\nb', contentType: 'text/plain', content: '' }] },
    { pointer: '/attachments/0/filename', expected: line },
  ],
  [
    'parameters that break out of a media type',
    { attachments: [{ filename: 'a', contentType: 'text/plain\r\nX: y', content: '' }] },
    { pointer: '/attachments/0/contentType' },
  ],
  [
    'base64 that is none',
    { attachments: [{ filename: 'a', contentType: 'text/plain', content: '!' }] },
    { pointer: '/attachments/0/content' },
  ],
  [
    'a subject of ten megabytes',
    { subject: tenMegabytes },
    { pointer: '/subject', expected: /at most 998 octets/, found: /^10000000 octets$/ },
  ],
  ['an unknown field', { cc: 'a@example.com' }, { pointer: '/cc', expected: /no field of this name/ }],
  [
    'an unknown field within',
    { from: { address: 'a@sender.example', bcc: 'x' } },
    { pointer: '/from/bcc', expected: /no field/ },
  ],
  ['the field __proto__', JSON.parse('{"__proto__":{"x":1}}') as object, { pointer: '/__proto__' }],
  [
    'several faults at once',
    { subject: 5, pool: 'A B', priority: 'urgent' },
    { pointer: '/subject', expected: /type string/, found: /^5$/ },
    { pointer: '/pool' },
    { pointer: '/priority', expected: /one of very-low, low/ },
  ],
  ['a fraction of a second of validity', { validFor: 0.5 }, { pointer: '/validFor' }],
  ['a date that is none', { notBefore: 'tomorrow' }, { pointer: '/notBefore', expected: /date-time/ }],
  ['neither HTML nor text', { text: undefined }, { pointer: '' }],
  ['a template that does not compile', { html: 'line one\n{{ oops' }, { pointer: '/html', found: /line 2/ }],
])('refused with its pointer: %s', async ([, change, ...faults]) => {
  const before = await leftovers();
  const definition = { ...DEFINITION, ...change };
  const whole = await api.call('POST', '/v1/jobs', { body: { ...definition, recipients: RECIPIENTS } });
  const streamed = await api.call('POST', '/v1/jobs', { body: toStream(definition, RECIPIENTS), headers: NDJSON });
  for (const answer of [whole, streamed]) {
    expect(answer.status).toBe(422);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    for (const { pointer, expected, found } of faults) {
      expect(answer.body.errors).toContainEqual({
        pointer,
        expected: expected === undefined ? expect.any(String) : expect.stringMatching(expected),
        found: found === undefined ? expect.any(String) : expect.stringMatching(found),
      });
    }
    expect(JSON.stringify(answer.body).length).toBeLessThan(5_000);
  }
  expect(await leftovers()).toEqual(before);
});

test.for<[title: string, body: string | Uint8Array<ArrayBuffer>, status: number]>([
  ['no JSON', '{"from":', 400],
  ['nothing', '', 422],
  ['a list', '[]', 422],
  ['recipients that are no list', JSON.stringify({ ...DEFINITION, recipients: {} }), 422],
  ['no recipients', JSON.stringify({ ...DEFINITION, recipients: [] }), 422],
  ['only bad recipients', JSON.stringify({ ...DEFINITION, recipients: [{ address: 'x' }, 7] }), 422],
  ['invalid UTF-8', Buffer.concat([Buffer.from('{"subject":"'), Buffer.of(0xff, 0xfe), Buffer.from('"}')]), 400],
  ['a million levels of lists', '['.repeat(1_000_000), 400],
  [
    'levels within a variable',
    JSON.stringify({ ...DEFINITION, recipients: [{ address: 'a@b.example', variables: { x: nested(40) } }] }),
    400,
  ],
  ['more than the limit', `"${'x'.repeat(12_000_001)}"`, 413],
])('a body that cannot be used: %s', async ([, body, status]) => {
  const before = await leftovers();
  const answer = await api.call('POST', '/v1/jobs', { body });
  expect(answer.status).toBe(status);
  expect(await leftovers()).toEqual(before);
});

test.for<[title: string, body: string | Uint8Array<ArrayBuffer>, status: number]>([
  ['nothing', '', 400],
  ['blank lines', '\n\n  \n', 400],
  ['a definition that is no JSON', 'job\n{"address":"a@b.example"}\n', 400],
  ['a definition alone', `${JSON.stringify(DEFINITION)}\n`, 422],
  ['a definition longer than the limit', `"${'x'.repeat(12_000_001)}"\n`, 413],
  ['a definition with recipients in it', `${JSON.stringify({ ...DEFINITION, recipients: [] })}\n`, 422],
])('a stream that cannot be used: %s', async ([, body, status]) => {
  const before = await leftovers();
  const answer = await api.call('POST', '/v1/jobs', { body, headers: NDJSON });
  expect(answer.status).toBe(status);
  expect(await leftovers()).toEqual(before);
});

test('a bad recipient of a stream costs nothing but itself', async () => {
  const parts = [
    toStream(DEFINITION, RECIPIENTS),
    Buffer.concat([Buffer.from('{"address":"'), Buffer.of(0xc3, 0x28), Buffer.from('@example.com"}\n')]),
    `{"address":"long@example.com","variables":{"x":"${'x'.repeat(70_000)}"}}\n`,
    `{"address":"a@example.com\\r\\nRCPT TO:<x@example.com>"}\n`,
    `{"address":"nul@example.com","variables":{"x":"\\u0000"}}\n`,
    `{"address":"half@example.com","variables":{"x":"\\ud800"}}\n`,
    `{"address":"deep@example.com","variables":${JSON.stringify(nested(40))}}\n`,
    `{"address":"proto@example.com","variables":{"__proto__":1}}\n`,
    `${'['.repeat(60_000)}\n`,
    `{"address":"ünïcode@bücher.example"}\r\n`,
  ].map((part) => Buffer.from(part));
  const answer = await api.call('POST', '/v1/jobs', { body: new Uint8Array(Buffer.concat(parts)), headers: NDJSON });
  expect(answer.body).toMatchObject({ accepted: 3, rejected: 8 });
  const { body: job } = await api.call('GET', `/v1/jobs/${answer.body.id}`);
  expect(job.rejected.first.map(({ line: number, pointer }) => `${number}${pointer}`)).toEqual([
    '4',
    '5',
    '6/address',
    '7/variables/x',
    '8/variables/x',
    `9/variables${'/x'.repeat(32)}`,
    '10/variables/__proto__',
    '11',
  ]);
  const last = await api.call('GET', `/v1/messages/${answer.body.id}-2`);
  expect(last.body).toMatchObject({ address: 'ünïcode@xn--bcher-kva.example', status: 'pending', attempts: 0 });
});

test.for<[title: string, headers: Record<string, string>, status: number]>([
  ['another media type', { 'content-type': 'text/plain' }, 415],
  ['a compressed body', { 'content-encoding': 'gzip' }, 415],
  ['a key with a blank', { 'idempotency-key': 'a b' }, 400],
  ['a key of 256 characters', { 'idempotency-key': 'x'.repeat(256) }, 400],
])('a header that cannot be used: %s', async ([, headers, status]) => {
  const answer = await api.call('POST', '/v1/jobs', { body: { ...DEFINITION, recipients: RECIPIENTS }, headers });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
});

test('a stream to a route that takes none is 415', async () => {
  const answer = await api.call('POST', '/v1/webhooks', { body: '{}\n', headers: NDJSON });
  expect(answer.status).toBe(415);
});

test.for(['/v1/nothing', '/v1/jobs/%00', '/v1/jobs/%ff', '/v1/messages/x', '/v1/messages/x-99999999999'])(
  'a path that names nothing: %s',
  async (path) => {
    const answer = await api.call('GET', path);
    expect([400, 404]).toContain(answer.status);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  },
);

test.for(['limit=0', 'limit=x', 'limit=1001', 'cursor=x', 'status=nice', 'colour=red'])(
  'a query that cannot be used: %s',
  async (query) => {
    const { body } = await api.call('POST', '/v1/jobs', { body: { ...DEFINITION, recipients: RECIPIENTS } });
    const answer = await api.call('GET', `/v1/jobs/${body.id}/messages?${query}`);
    expect(answer.status).toBe(422);
    expect(answer.body.errors[0]?.pointer).toBe(`/${query.split('=', 1)[0]}`);
  },
);

function nested(levels: number): object {
  return levels === 0 ? {} : { x: nested(levels - 1) };
}
