import { once } from 'node:events';
import { connect } from 'node:net';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { createChecker } from '../src/checker.ts';
import { startTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub({ patienceMs: 1_000 });
});
afterAll(() => hub[Symbol.asyncDispose]());

const put = async (body: string, headers = {}) =>
  await hub.call('PUT', '/v1/draft', { body, headers: { 'if-match': '*', ...headers } });

test('bodies that are too large, too deep, or nothing that can be read', async () => {
  expect((await put(`"${'x'.repeat(14_000_001)}"`)).status).toBe(413);
  expect((await put('['.repeat(100_000))).status).toBe(400);
  expect((await put('{"mxRules": [')).status).toBe(400);
  expect((await put('\u0000')).status).toBe(400);
  expect((await put('{}', { 'content-type': 'text/plain' })).status).toBe(415);
  expect((await put('{}', { 'content-encoding': 'gzip' })).status).toBe(415);
  expect((await put('{}')).status).toBe(422);
  const noise = { ...(await hub.draft()), bounceRules: Array.from({ length: 5_000 }, () => ({ noise: true })) };
  const refused = await put(JSON.stringify(noise));
  expect(refused.status).toBe(422);
  expect(refused.body.errors.length).toBeLessThan(100);
});

test('text that no client could store does not come in', async () => {
  const draft = await hub.draft();
  const [rule] = draft.bounceRules;
  for (const pattern of ['a\u0000b', 'a\ud800b']) {
    const body = { ...rule, pattern };
    expect(await hub.call('PUT', `/v1/draft/bounce-rules/${rule?.id}`, { body })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/pattern' }] },
    });
  }
  expect((await hub.call('POST', '/v1/draft/publish', { body: { note: 'a\u0000b' } })).status).toBe(422);
});

/** Sends the beginning of a report, and then a blank at a time; resolves with the answer. */
async function drip(): Promise<string> {
  const { port, hostname } = new URL(hub.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(
    `POST /v1/unmatched HTTP/1.1\r\nHost: hub\r\nAuthorization: Bearer ${hub.keys.client}\r\n` +
      'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
  );
  const dripping = setInterval(() => socket.write(' '), 100);
  let answer = '';
  socket.on('data', (part) => (answer += String(part)));
  await once(socket, 'close');
  clearInterval(dripping);
  return answer.split('\r\n', 1)[0] ?? '';
}

test('clients that drip their bodies are let go with 408; more at once than fit are told to come later', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, drip));
  const statuses = answers.map((answer) => answer.split(' ')[1]);
  expect(statuses.filter((status) => status === '408')).toHaveLength(8);
  expect(statuses.filter((status) => status === '429')).toHaveLength(2);
  expect(await drip()).toMatch(/^HTTP\/1\.1 408 /);
});

test('a check that takes more time or memory than it may is given up, and says so', async () => {
  const events = { checked: () => undefined, checkGivenUp: () => undefined };
  const content = JSON.stringify(await hub.draft());
  const { check } = createChecker({ events, limitMs: 1 });
  expect(await check(content)).toEqual([{ pointer: '', expected: 'a check within 1 ms', found: 'more' }]);
  const small = createChecker({ events, memoryMb: 8 });
  expect(await small.check(content)).toEqual([{ pointer: '', expected: 'a check within 8 MB', found: 'more' }]);
  const many = await Promise.allSettled(Array.from({ length: 6 }, () => check(content)));
  expect(many.filter(({ status }) => status === 'rejected')).toHaveLength(2);
});
