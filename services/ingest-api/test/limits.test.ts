import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { DEFINITION, NDJSON, recipientsUpTo, startApi, toStream, type TestApi } from './api.ts';

/** Ample for a busy machine. */
const SOON = { timeout: 15_000 };

let api: TestApi;
beforeAll(async () => {
  api = await startApi({
    limits: { streams: 2, bodyOctets: 100_000, heldOctets: 150_000, pace: { patienceMs: 1_000, minOctets: 1_024 } },
  });
});
afterAll(() => api[Symbol.asyncDispose]());

function openPost(headers: Record<string, string | number>): ClientRequest {
  const { port, key } = api;
  const authorization = `Bearer ${key}`;
  const post = request({
    port,
    host: '127.0.0.1',
    path: '/v1/jobs',
    method: 'POST',
    headers: { authorization, ...headers },
  });
  post.on('error', () => undefined);
  return post;
}

async function answerTo(
  post: ClientRequest,
): Promise<{ status: number | undefined; body: string; retryAfter: string | undefined }> {
  const [response] = (await once(post, 'response')) as [IncomingMessage];
  return { status: response.statusCode, body: await text(response), retryAfter: response.headers['retry-after'] };
}

async function receiving(): Promise<number> {
  return await api.database.client.job.count({ where: { state: 'receiving' } });
}

test('a stream that stands still is 408, and leaves nothing without a key', async () => {
  const post = openPost(NDJSON);
  post.write(toStream(DEFINITION, recipientsUpTo(3)));
  expect((await answerTo(post)).status).toBe(408);
  expect(await receiving()).toBe(0);
});

test('so is one that drips', async () => {
  const post = openPost(NDJSON);
  post.write(`${JSON.stringify(DEFINITION)}\n`);
  const drip = setInterval(() => post.write(' '), 100);
  const startedAt = performance.now();
  expect((await answerTo(post)).status).toBe(408);
  clearInterval(drip);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});

test('and a body in one piece', async () => {
  const post = openPost({ 'content-type': 'application/json', 'content-length': 1_000 });
  post.write('{"from":');
  expect((await answerTo(post)).status).toBe(408);
});

test('headers that do not come end the connection', { timeout: 30_000 }, async () => {
  const socket = connect(api.port, '127.0.0.1');
  socket.write('POST /v1/jobs HTTP/1.1\r\nHost: x\r\nX-Slow: ');
  const startedAt = performance.now();
  await once(socket.resume(), 'close');
  expect(performance.now() - startedAt).toBeLessThan(20_000);
});

test('more streams than allowed are 429 with Retry-After, and welcome when one has ended', async () => {
  const one = openPost(NDJSON);
  const other = openPost(NDJSON);
  for (const post of [one, other]) post.write(toStream(DEFINITION, recipientsUpTo(1)));
  await expect.poll(receiving, SOON).toBe(2);
  const refused = await api.call('POST', '/v1/jobs', {
    body: toStream(DEFINITION, recipientsUpTo(1)),
    headers: NDJSON,
  });
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  one.end();
  expect((await answerTo(one)).status).toBe(202);
  const welcome = await api.call('POST', '/v1/jobs', {
    body: toStream(DEFINITION, recipientsUpTo(1)),
    headers: NDJSON,
  });
  expect(welcome.status).toBe(202);
  other.destroy();
  await expect.poll(receiving, SOON).toBe(0);
});

test('more octets in memory than allowed are 503 with Retry-After', async () => {
  const one = openPost({ 'content-type': 'application/json', 'content-length': 90_000 });
  one.write('{');
  await new Promise((resolve) => setTimeout(resolve, 100));
  const other = openPost({ 'content-type': 'application/json', 'content-length': 90_000 });
  other.write('{');
  const refused = await answerTo(other);
  expect([refused.status, Number(refused.retryAfter) > 0]).toEqual([503, true]);
  const small = await api.call('POST', '/v1/jobs', { body: { ...DEFINITION, recipients: recipientsUpTo(1) } });
  expect(small.status).toBe(202);
  one.destroy();
});

test('a body that is too large is 413: announced, unannounced, and while the client still sends', async () => {
  const body = `"${'x'.repeat(3_000_000)}"`;
  expect((await api.call('POST', '/v1/jobs', { body })).status).toBe(413);
  const post = openPost({ 'content-type': 'application/json' });
  const more = setInterval(() => post.write(Buffer.alloc(50_000, 'x')), 5);
  const { status } = await answerTo(post);
  clearInterval(more);
  post.destroy();
  expect(status).toBe(413);
});

test('the answer to a bad first line comes while the client still sends', async () => {
  const post = openPost(NDJSON);
  post.write('{"nothing":"right"}\n');
  const more = setInterval(() => post.write(toStream({}, recipientsUpTo(500))), 10);
  const { status, body } = await answerTo(post);
  clearInterval(more);
  post.destroy();
  expect([status, body]).toEqual([422, expect.stringContaining('/subject')]);
});
