import { afterAll, beforeAll, expect, test } from 'vitest';

import { DEFINITION, NDJSON, recipientsUpTo, startApi, toStream, type TestApi } from './api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api[Symbol.asyncDispose]());

test('a job in one piece is accepted, and every recipient is durable', async () => {
  const posted = await api.call('POST', '/v1/jobs', { body: { ...DEFINITION, recipients: recipientsUpTo(3) } });
  expect(posted.status).toBe(202);
  expect(posted.body).toEqual({ id: expect.stringMatching(/^j[0-9A-Za-z]{22}$/), accepted: 3, rejected: 0 });
  expect(posted.headers.get('location')).toBe(`/v1/jobs/${posted.body.id}`);
  const seen = await api.call('GET', `/v1/jobs/${posted.body.id}`);
  expect(seen.body).toMatchObject({
    id: posted.body.id,
    state: 'active',
    mode: 'live',
    pool: 'default',
    priority: 'normal',
    recipients: 3,
    prepared: 0,
    counts: { pending: 3, sent: 0, inDoubt: 0 },
    rejected: { count: 0, first: [] },
  });
});

test('a stream is cut into chunks; malformed recipients are counted and listed by line', async () => {
  const lines = [
    ...recipientsUpTo(4_500),
    { address: 'no mailbox' },
    { address: 'a@example.com', extra: 1 },
    { address: 'a@example.com', variables: [] },
  ];
  const body = `${toStream(DEFINITION, lines)}not json\n\n"text"\n{"address":"last@example.com"}`;
  const posted = await api.call('POST', '/v1/jobs', { body, headers: NDJSON });
  expect(posted.body).toEqual({ id: expect.any(String), accepted: 4_501, rejected: 5 });
  const { body: job } = await api.call('GET', `/v1/jobs/${posted.body.id}`);
  expect(job.rejected.count).toBe(5);
  expect(job.rejected.first.map((one: { line: number; pointer: string }) => [one.line, one.pointer])).toEqual([
    [4502, '/address'],
    [4503, '/extra'],
    [4504, '/variables'],
    [4505, ''],
    [4507, ''],
  ]);
  const chunks = await api.database.client.jobChunk.findMany({
    orderBy: [{ jobId: 'desc' }, { number: 'asc' }],
    take: 3,
  });
  expect(chunks.map((chunk) => [chunk.number, chunk.firstOrdinal, chunk.recipientCount])).toEqual([
    [0, 0, 2000],
    [1, 2000, 2000],
    [2, 4000, 501],
  ]);
});
