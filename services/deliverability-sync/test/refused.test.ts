import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';

import { countUnmatched, readSyncState } from '@mxflow/db';
import { readSigningKey, readTrustedKey, signRuleSet } from '@mxflow/rule-set';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { openInThread } from '../src/open-in-thread.ts';
import { reportUnmatched } from '../src/report-unmatched.ts';
import { takeTurn } from '../src/turn.ts';
import { documentOf, startSigningServer, type Handler, type SigningServer } from './hub.ts';
import { openReplica, startInstance, type Instance } from './instance.ts';

let instance: Instance;
let hub: SigningServer;
let inForce: string;
beforeAll(async () => {
  [instance, hub] = await Promise.all([startInstance(), startSigningServer()]);
  await instance.setClock('2026-02-01T12:00:00Z');
  await hub.serve(documentOf(3));
  await using replica = await openReplica(instance, hub);
  await replica.turn();
  inForce = await instance.inForce();
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await instance[Symbol.asyncDispose]();
});

/** As if a day had passed. */
const makeDue = () =>
  instance.database.client.$executeRawUnsafe(`UPDATE sync_state SET settled_day = '2026-01-01', retry_at = NULL`);

async function otherKey() {
  const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' });
  const key = await readSigningKey(String(pem));
  if (key === undefined) throw new Error('expected a key, found none');
  return key;
}

const signed = async (change: object) => await signRuleSet({ ...documentOf(4), ...change }, [hub.key]);
const octets =
  (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Handler =>
  (_request, response) =>
    response.writeHead(200, headers).end(body);
const [bounceRule] = documentOf(4).bounceRules;
const kiloBytes = randomBytes(65_536);

/** A body without an end, as fast as it is taken. */
const endless =
  (chunk: Uint8Array): Handler =>
  (_request, response) =>
    void pipeline(chunks(chunk), response).catch(() => {});
function* chunks(chunk: Uint8Array): Generator<Uint8Array> {
  for (;;) yield chunk;
}

type Row = readonly [name: string, because: string, handler: () => Promise<Handler> | Handler, detail?: RegExp];

test.for<Row>([
  [
    'signed by a key that nobody trusts',
    'unknown-key',
    async () => octets(await signRuleSet(documentOf(4), [await otherKey()])),
  ],
  [
    'changed after it was signed',
    'wrong-signature',
    async () => {
      const forged = JSON.parse(await signed({})) as Record<string, unknown>;
      forged['payload'] = Buffer.from(JSON.stringify(documentOf(5))).toString('base64url');
      return octets(JSON.stringify(forged));
    },
  ],
  [
    'by a key with a name that no database keeps',
    'unknown-key',
    async () => octets(await signRuleSet(documentOf(4), [{ ...hub.key, kid: 'a\u0000b' }])),
    /found signatures by ab$/,
  ],
  ['a file that was cut short', 'malformed', async () => octets((await signed({})).slice(0, -100))],
  [
    'an answer that breaks off',
    'cut-off',
    async () => {
      const text = await signed({});
      return (_request, response) => {
        response.writeHead(200, { 'content-length': String(text.length) });
        response.write(text.slice(0, 1000), () => response.destroy());
      };
    },
  ],
  [
    'gzip that breaks off',
    'cut-off',
    async () => octets(gzipSync(await signed({})).subarray(0, 500), { 'content-encoding': 'gzip' }),
  ],
  ['against the schema', 'invalid', async () => octets(await signed({ mxRules: [] })), /mxRules/],
  [
    'a pattern that does not compile',
    'invalid',
    async () => octets(await signed({ bounceRules: [{ ...bounceRule, pattern: '(broken' }] })),
    new RegExp(`rule ${bounceRule?.id}: .*/bounceRules/0/pattern`),
  ],
  [
    'an example that fails',
    'invalid',
    async () => octets(await signed({ bounceRules: [{ ...bounceRule, matches: ['250 fine'] }] })),
    /bounceRules\/0\/matches\/0.*250 fine/,
  ],
  [
    'a lower version',
    'lower-version',
    async () => octets(await signed({ version: 2 })),
    /expected version 3 .*found 2/,
  ],
  [
    'the same version with other rules in it',
    'other-content',
    async () => octets(await signed({ version: 3, note: 'x' })),
  ],
  ['with a character that no database keeps', 'unstorable', async () => octets(await signed({ note: 'a\u0000b' }))],
  ['of a form to come', 'future-format', async () => octets(await signed({ format: 2 }))],
  [
    'from a day to come: a clock is wrong',
    'from-the-future',
    async () => octets(await signed({ publishedAt: '2026-02-03T12:00:00.000Z' })),
    /2026-02-03.*2026-02-01/,
  ],
  ['a body without end', 'too-large', () => endless(kiloBytes), /as it came/],
  [
    'a flood in little gzip',
    'too-large',
    () => octets(gzipSync(Buffer.alloc(50_000_000)), { 'content-encoding': 'gzip' }),
    /unpacked/,
  ],
  [
    'octet by octet for ever',
    'too-slow',
    () => (_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('{'), 100);
      response.on('close', () => clearInterval(drip));
    },
    /within 1500 ms/,
  ],
  ['elsewhere', 'redirected', () => (_request, response) => response.writeHead(302, { location: '/other' }).end()],
  [
    'a key that was revoked',
    'key-refused',
    () => (_request, response) =>
      response.writeHead(401).end(JSON.stringify({ title: 'A valid API key is needed', detail: 'it was revoked' })),
    /401: .*it was revoked/,
  ],
  [
    'something else',
    'status',
    () => (_request, response) => response.writeHead(500).end('<p>sorry</p>'),
    /500: <p>sorry/,
  ],
  ['packed in a way that nobody asked for', 'encoding', () => octets('?', { 'content-encoding': 'br' })],
])('refused, and what is in force stays: %s', async ([, because, handler, detail = /./]) => {
  hub.answer(await handler());
  await makeDue();
  await using replica = await openReplica(instance, hub, { deadlineMs: because === 'too-slow' ? 1_500 : 25_000 });
  await replica.turn();
  expect(replica.diary[1]).toMatch(new RegExp(`^(?:refused|failed): ${because}$`));
  const state = await readSyncState(instance.database);
  expect(state).toMatchObject({ because, newest: 3, detail: expect.stringMatching(detail) });
  expect(state.failures).toBeGreaterThan(0);
  expect(await instance.inForce()).toBe(inForce);
});

test('a rule set that takes more time or memory than it may is given up, and says so', async () => {
  await hub.serve(documentOf(4));
  const bounds = [{ limitMs: 1 }, { memoryMb: 8 }];
  for (const bound of bounds) {
    await using replica = await openReplica(instance, hub, { open: openInThread(bound) });
    await makeDue();
    await replica.turn();
    expect(replica.diary).toEqual(['scheduled', 'refused: too-costly']);
  }
  expect((await readSyncState(instance.database)).detail).toContain('read and checked within 8 MB');
  expect(await instance.inForce()).toBe(inForce);
});

test('http to where others could listen is not even tried', async () => {
  await using replica = await openReplica(instance, { url: 'http://192.88.99.1:9/', key: hub.key });
  await makeDue();
  await replica.turn();
  expect(replica.diary).toEqual(['scheduled', 'refused: cleartext']);
});

test('while keys rotate either is enough, and what was refused before is taken once it is right', async () => {
  const next = await otherKey();
  const trusted = await readTrustedKey(next.publicKey);
  if (trusted === undefined) throw new Error('expected a key, found none');
  await hub.serve(documentOf(4), [hub.key, next]);
  await makeDue();
  await using replica = await openReplica(instance, hub, { trustedKeys: [trusted] });
  await replica.turn();
  expect(replica.diary).toEqual(['scheduled', 'applied']);
  expect(await readSyncState(instance.database)).toMatchObject({ newest: 4, failures: 0, because: null, etag: '"4"' });
  expect(hub.asked.at(-1)?.headers.authorization).toMatch(/^Bearer mxh_/);
});

test('a replica that is stopped hands its run over at once', async () => {
  const stop = new AbortController();
  hub.answer(() => stop.abort(new Error('told to stop')));
  await using one = await openReplica(instance, hub);
  await makeDue();
  await expect(takeTurn({ ...one.parts, signal: stop.signal })).rejects.toThrow('told to stop');
  await hub.serve(documentOf(5));
  await using two = await openReplica(instance, hub);
  await two.turn();
  expect(two.diary).toEqual(['scheduled', 'applied']);
});

test('texts that no rule matched are told without addresses, and only what is new', async () => {
  const text = (words: string, hits: number) => ({
    text: words,
    example: `${words} for a@b.test`,
    looksAt: 'reply' as const,
    hits,
  });
  await countUnmatched(instance.database, [text('550 who is that', 3), text('550 no <a@b.test> here', 9)]);
  await using replica = await openReplica(instance, hub);
  const events = { reported: () => {}, notReported: (because: string) => expect.unreachable(because) };
  await reportUnmatched({ ...replica.parts, events });
  await reportUnmatched({ ...replica.parts, events });
  await countUnmatched(instance.database, [text('550 who is that', 2)]);
  await reportUnmatched({ ...replica.parts, events });
  expect(hub.posted.map((body) => JSON.parse(body) as unknown)).toEqual(
    [3, 5].map((hits) => ({ texts: [{ text: '550 who is that', looksAt: 'reply', hits }] })),
  );
  expect(hub.posted.join('')).not.toContain('@');
});
