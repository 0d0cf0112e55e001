import { once } from 'node:events';
import { request, type ClientRequest } from 'node:http';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { DEFINITION, NDJSON, recipientsUpTo, startApi, toStream, type TestApi } from './api.ts';

/** Ample for a busy machine. */
const SOON = { timeout: 15_000 };

let api: TestApi;
beforeAll(async () => {
  api = await startApi({ limits: { receiverLeaseSeconds: 2, pace: { patienceMs: 25_000, minOctets: 1_024 } } });
});
afterAll(() => api[Symbol.asyncDispose]());

/** A post whose body is written by hand and may stay unfinished. */
function openPost(headers: Record<string, string>): ClientRequest {
  const { port, key } = api;
  const post = request({
    port,
    host: '127.0.0.1',
    path: '/v1/jobs',
    method: 'POST',
    headers: { ...NDJSON, authorization: `Bearer ${key}`, ...headers },
  });
  post.on('error', () => undefined);
  return post;
}

async function chunksOf(idempotencyKey: string): Promise<number> {
  const job = await api.database.client.job.findFirst({ where: { idempotencyKey } });
  return job === null ? 0 : await api.database.client.jobChunk.count({ where: { jobId: job.id } });
}

async function totals(idempotencyKey: string) {
  const jobs = await api.database.client.job.findMany({ where: { idempotencyKey }, include: { counts: true } });
  const chunks = await api.database.client.jobChunk.findMany({ where: { jobId: { in: jobs.map(({ id }) => id) } } });
  return {
    jobs: jobs.map(({ state, recipients, counts }) => ({ state, recipients, pending: Number(counts?.pending ?? -1) })),
    stored: chunks.reduce((sum, chunk) => sum + chunk.recipientCount, 0),
  };
}

test('a repeat is answered with the same job, streamed or not, however often', async () => {
  const headers = { 'idempotency-key': 'repeat' };
  const whole = { body: { ...DEFINITION, recipients: recipientsUpTo(10) }, headers };
  const first = await api.call('POST', '/v1/jobs', whole);
  expect(first.headers.get('idempotency-replayed')).toBeNull();
  const streamed = { body: toStream(DEFINITION, recipientsUpTo(10)), headers: { ...NDJSON, ...headers } };
  for (const repeat of [whole, streamed, whole]) {
    const again = await api.call('POST', '/v1/jobs', repeat);
    expect([again.status, again.body]).toEqual([202, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  }
  expect(await totals('repeat')).toEqual({ jobs: [{ state: 'active', recipients: 10, pending: 10 }], stored: 10 });
});

test('the order in which fields are written makes no other content', async () => {
  const headers = { 'idempotency-key': 'order' };
  const recipients = [{ address: 'a@example.com', variables: { x: { p: 1, q: 2 }, y: 3 } }];
  const turned = [{ variables: { y: 3, x: { q: 2, p: 1 } }, address: 'a@example.com' }];
  const first = await api.call('POST', '/v1/jobs', { body: { ...DEFINITION, recipients }, headers });
  const again = await api.call('POST', '/v1/jobs', { body: { recipients: turned, ...DEFINITION }, headers });
  expect(again.body).toEqual(first.body);
});

const original = recipientsUpTo(4_100);

test.for<[title: string, change: object, recipients: readonly unknown[]]>([
  [
    'one recipient changed in the middle',
    {},
    original.with(2_500, { address: 'other@example.com', variables: { name: 'x' } }),
  ],
  ['one variable changed', {}, original.with(4_099, { address: 'user4099@example.com', variables: { name: 'x' } })],
  ['one recipient more', {}, [...original, { address: 'more@example.com' }]],
  ['one recipient fewer', {}, original.slice(0, -1)],
  ['two recipients swapped', {}, original.with(0, original[1]!).with(1, original[0]!)],
  ['one rejected recipient more', {}, [...original, { address: 'none' }]],
  ['another subject', { subject: 'Other' }, original],
  ['another validity', { validFor: 3_600 }, original],
])('the same key with other content is 409 and changes nothing: %s', async ([title, change, recipients]) => {
  const headers = { ...NDJSON, 'idempotency-key': title.replaceAll(' ', '-') };
  const first = await api.call('POST', '/v1/jobs', { body: toStream(DEFINITION, original), headers });
  expect(first.status).toBe(202);
  const other = await api.call('POST', '/v1/jobs', {
    body: toStream({ ...DEFINITION, ...change }, recipients),
    headers,
  });
  expect([other.status, other.body]).toEqual([
    409,
    expect.objectContaining({ type: 'urn:mxflow:problem:other-content' }),
  ]);
  expect(await totals(headers['idempotency-key'])).toEqual({
    jobs: [{ state: 'active', recipients: 4_100, pending: 4_100 }],
    stored: 4_100,
  });
  const again = await api.call('POST', '/v1/jobs', { body: toStream(DEFINITION, original), headers });
  expect(again.body).toEqual(first.body);
});

test('a repeat while the first post is alive is 409 with Retry-After; the first is not disturbed', async () => {
  const headers = { 'idempotency-key': 'alive' };
  const post = openPost(headers);
  post.write(toStream(DEFINITION, original));
  await expect.poll(() => chunksOf('alive'), SOON).toBe(2);
  // Longer than the lease: the receiver is silent, not dead.
  const repeats: number[] = [];
  for (let turn = 0; turn < 6; turn += 1) {
    const repeat = await api.call('POST', '/v1/jobs', {
      body: toStream(DEFINITION, original),
      headers: { ...NDJSON, ...headers },
    });
    expect(Number(repeat.headers.get('retry-after'))).toBeGreaterThan(0);
    repeats.push(repeat.status);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  expect(new Set(repeats)).toEqual(new Set([409]));
  post.end();
  const [answer] = (await once(post, 'response')) as [{ statusCode: number }];
  expect(answer.statusCode).toBe(202);
  expect(await totals('alive')).toEqual({
    jobs: [{ state: 'active', recipients: 4_100, pending: 4_100 }],
    stored: 4_100,
  });
});

test('a post that broke off is gone on with by its repeat', async () => {
  const headers = { 'idempotency-key': 'broken-off' };
  const post = openPost(headers);
  post.write(toStream(DEFINITION, original));
  await expect.poll(() => chunksOf('broken-off'), SOON).toBe(2);
  post.destroy();
  await expect
    .poll(
      async () =>
        (
          await api.call('POST', '/v1/jobs', {
            body: toStream(DEFINITION, original),
            headers: { ...NDJSON, ...headers },
          })
        ).status,
      SOON,
    )
    .toBe(202);
  expect(await totals('broken-off')).toEqual({
    jobs: [{ state: 'active', recipients: 4_100, pending: 4_100 }],
    stored: 4_100,
  });
});

test('a post that broke off is not gone on with by other content', async () => {
  const headers = { ...NDJSON, 'idempotency-key': 'broken-other' };
  const post = openPost(headers);
  post.write(toStream(DEFINITION, original));
  await expect.poll(() => chunksOf('broken-other'), SOON).toBe(2);
  post.destroy();
  await expect
    .poll(
      async () =>
        (await api.call('POST', '/v1/jobs', { body: toStream(DEFINITION, recipientsUpTo(4_100, 1)), headers })).body,
      SOON,
    )
    .toMatchObject({ type: 'urn:mxflow:problem:other-content' });
  const fewer = await api.call('POST', '/v1/jobs', { body: toStream(DEFINITION, original.slice(0, 2_000)), headers });
  expect(fewer.status).toBe(409);
  const same = await api.call('POST', '/v1/jobs', { body: toStream(DEFINITION, original), headers });
  expect(same.body).toMatchObject({ accepted: 4_100 });
});

test('a post without a key that broke off leaves nothing', async () => {
  const before = await api.database.client.job.count();
  const contents = await api.database.client.content.count();
  const post = openPost({});
  post.write(toStream(DEFINITION, original));
  await expect.poll(() => api.database.client.job.count(), SOON).toBe(before + 1);
  post.destroy();
  await expect.poll(() => api.database.client.job.count(), SOON).toBe(before);
  expect(await api.database.client.content.count()).toBe(contents);
});

test('a poster that was given up can store nothing more', async () => {
  const headers = { 'idempotency-key': 'zombie' };
  const post = openPost(headers);
  post.write(toStream(DEFINITION, original));
  await expect.poll(() => chunksOf('zombie'), SOON).toBe(2);
  // As after a long pause of the first process: its lease is over, and nobody has told it.
  const { id } = await api.database.client.job.findFirstOrThrow({ where: { idempotencyKey: 'zombie' } });
  const took = await api.database.client.job.update({
    where: { id },
    data: { receiver: crypto.randomUUID(), receiverUntil: new Date(Date.now() + 60_000) },
  });
  post.write(
    recipientsUpTo(4_000, 5_000)
      .map((one) => `${JSON.stringify(one)}\n`)
      .join(''),
  );
  post.end();
  const [answer] = (await once(post, 'response')) as [{ statusCode: number }];
  expect(answer.statusCode).toBe(409);
  expect(await chunksOf('zombie')).toBe(2);
  expect((await api.database.client.job.findUniqueOrThrow({ where: { id } })).receiver).toBe(took.receiver);
});

test('many at once with one key: one job', async () => {
  const headers = { 'idempotency-key': 'race' };
  const send = { body: { ...DEFINITION, recipients: recipientsUpTo(50) }, headers };
  const answers = await Promise.all(Array.from({ length: 12 }, () => api.call('POST', '/v1/jobs', send)));
  expect(answers.every(({ status }) => status === 202 || status === 409)).toBe(true);
  expect(new Set(answers.filter(({ status }) => status === 202).map(({ body }) => body.id)).size).toBe(1);
  expect(await totals('race')).toEqual({ jobs: [{ state: 'active', recipients: 50, pending: 50 }], stored: 50 });
});
