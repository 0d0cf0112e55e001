import { messageIdOf, type MessageStatus } from '@mxflow/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { DEFINITION, recipientsUpTo, startApi, type TestApi } from './api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api[Symbol.asyncDispose]());

/** A job of ten recipients, prepared: what became of them stands in `rows`, by ordinal. */
async function prepareJob(): Promise<{ id: string; jobNumber: string }> {
  const { body } = await api.call('POST', '/v1/jobs', { body: { ...DEFINITION, recipients: recipientsUpTo(10) } });
  const { id } = await api.database.client.job.findUniqueOrThrow({ where: { publicId: body.id } });
  await api.database.client.jobChunk.updateMany({
    where: { jobId: id },
    data: { recipients: null, preparedAt: new Date() },
  });
  return { id: body.id, jobNumber: id.toString() };
}

async function insertWork(jobNumber: string, ordinal: number, attempt: number, waitReason?: string): Promise<void> {
  await api.database.client.work.create({
    data: {
      messageId: BigInt(messageIdOf(jobNumber, ordinal)),
      jobId: BigInt(jobNumber),
      attempt,
      dueAt: new Date('2030-01-01T00:00:00Z'),
      laneId: 1,
      siteId: 1,
      urgency: 2,
      address: `user${ordinal}@example.com`,
      ...(waitReason === undefined ? {} : { waitReason }),
    },
  });
}

async function log(
  jobNumber: string,
  ordinal: number,
  attempt: number,
  status: MessageStatus,
  reply = '250 ok',
): Promise<void> {
  await api.database.client.deliveryLog.create({
    data: {
      messageId: BigInt(messageIdOf(jobNumber, ordinal)),
      jobId: BigInt(jobNumber),
      attempt,
      status,
      reply,
      replyCode: Number(reply.slice(0, 3)),
      mxHost: 'mx.example.com',
      mxIp: '127.0.0.9',
      address: `user${ordinal}@example.com`,
    },
  });
}

test('messages stand where work or the latest line of the log says, in the order of recipients', async () => {
  const { id, jobNumber } = await prepareJob();
  await insertWork(jobNumber, 0, 1);
  await insertWork(jobNumber, 1, 3, 'greylisted');
  await log(jobNumber, 1, 1, 'deferred', '451 4.7.1 later');
  await log(jobNumber, 1, 2, 'deferred', '451 4.7.1 again');
  await log(jobNumber, 2, 1, 'sent');
  await log(jobNumber, 3, 1, 'deferred', '421 busy');
  await log(jobNumber, 3, 2, 'sent');
  await log(jobNumber, 4, 1, 'sent');
  // A bounce that came later.
  await log(jobNumber, 4, 1, 'failed', '550 5.1.1 unknown');
  await log(jobNumber, 5, 1, 'cancelled');

  const all = await api.call('GET', `/v1/jobs/${id}/messages`);
  expect(all.body.messages.map((one) => [one.id, one.status])).toEqual([
    [`${id}-0`, 'pending'],
    [`${id}-1`, 'deferred'],
    [`${id}-2`, 'sent'],
    [`${id}-3`, 'sent'],
    [`${id}-4`, 'failed'],
    [`${id}-5`, 'cancelled'],
  ]);
  expect(all.body.next).toBeUndefined();
  expect(all.body.messages[1]).toEqual({
    id: `${id}-1`,
    address: 'user1@example.com',
    status: 'deferred',
    attempts: 2,
    waitReason: 'greylisted',
    nextAttemptAt: '2030-01-01T00:00:00.000Z',
    reply: '451 4.7.1 again',
    replyCode: 451,
    mxHost: 'mx.example.com',
    at: expect.any(String),
  });
  for (const [status, ordinals] of [
    ['pending', [0]],
    ['deferred', [1]],
    ['sent', [2, 3]],
    ['failed', [4]],
    ['expired', []],
  ] as const) {
    const some = await api.call('GET', `/v1/jobs/${id}/messages?status=${status}`);
    expect(some.body.messages.map((one) => one.id)).toEqual(ordinals.map((ordinal) => `${id}-${ordinal}`));
  }
  const one = await api.call('GET', `/v1/messages/${id}-4`);
  expect(one.body).toMatchObject({
    status: 'failed',
    history: [
      { attempt: 1, status: 'sent', mxIp: '127.0.0.9' },
      { attempt: 1, status: 'failed', reply: '550 5.1.1 unknown' },
    ],
  });
  expect((await api.call('GET', `/v1/messages/${id}-10`)).status).toBe(404);
});

test('pages by cursor hold every message once', async () => {
  const { id, jobNumber } = await prepareJob();
  for (let ordinal = 0; ordinal < 10; ordinal += 1) {
    await (ordinal % 3 === 0 ? insertWork(jobNumber, ordinal, 1) : log(jobNumber, ordinal, 1, 'sent'));
  }
  const seen: string[] = [];
  let cursor = '';
  do {
    const { body } = await api.call('GET', `/v1/jobs/${id}/messages?limit=3${cursor}`);
    seen.push(...body.messages.map((one) => one.id));
    cursor = body.next === undefined ? '' : `&cursor=${body.next}`;
  } while (cursor !== '');
  expect(seen).toEqual(Array.from({ length: 10 }, (_, ordinal) => `${id}-${ordinal}`));
});

test('jobs are listed newest first, by cursor', async () => {
  const key = await api.issueKey('lists');
  const ids: string[] = [];
  for (let count = 1; count <= 5; count += 1) {
    const { body } = await api.call('POST', '/v1/jobs', {
      key,
      body: { ...DEFINITION, recipients: recipientsUpTo(count) },
    });
    ids.unshift(body.id);
  }
  const first = await api.call('GET', '/v1/jobs?limit=3', { key });
  const second = await api.call('GET', `/v1/jobs?limit=3&cursor=${first.body.next}`, { key });
  expect([...first.body.jobs, ...second.body.jobs].map((job) => job.id)).toEqual(ids);
  expect(second.body.next).toBeUndefined();
});

test('pause, resume and cancel: repeatable, and refused where they make no sense', async () => {
  const { body } = await api.call('POST', '/v1/jobs', { body: { ...DEFINITION, recipients: recipientsUpTo(1) } });
  const change = async (name: string): Promise<readonly [number, string]> => {
    const answer = await api.call('POST', `/v1/jobs/${body.id}/${name}`);
    return [answer.status, answer.body.state];
  };
  expect(await change('resume')).toEqual([200, 'active']);
  expect(await change('pause')).toEqual([200, 'paused']);
  expect(await change('pause')).toEqual([200, 'paused']);
  expect(await change('resume')).toEqual([200, 'active']);
  expect(await change('pause')).toEqual([200, 'paused']);
  expect(await change('cancel')).toEqual([200, 'cancelled']);
  expect(await change('cancel')).toEqual([200, 'cancelled']);
  expect((await change('resume'))[0]).toBe(409);
  expect((await change('pause'))[0]).toBe(409);
  expect((await api.call('GET', `/v1/jobs/${body.id}`)).body.state).toBe('cancelled');
});

test('rates and the estimated end follow the counts', async () => {
  const { id, jobNumber } = await prepareJob();
  await api.database.client.jobCounts.update({
    where: { jobId: BigInt(jobNumber) },
    data: { pending: 4, sent: 5, failed: 1 },
  });
  await api.database.client.job.update({
    where: { id: BigInt(jobNumber) },
    data: { acceptedAt: new Date(Date.now() - 60_000), chunksPrepared: 1 },
  });
  const { body } = await api.call('GET', `/v1/jobs/${id}`);
  expect(body).toMatchObject({ prepared: 1, rates: { sent: 0.8333, failed: 0.1667 }, counts: { pending: 4, sent: 5 } });
  const { rates, estimatedEndAt } = body as unknown as { rates: { perSecond: number }; estimatedEndAt: string };
  expect(rates.perSecond).toBeCloseTo(0.1, 2);
  expect(new Date(estimatedEndAt).getTime() - Date.now()).toBeGreaterThan(30_000);
});
