import { blockSite, noteFeedback, prepareChunk, registerWorker, saveDomains, seedFeedbackRules } from '@mxflow/db';
import { messageIdOf } from '@mxflow/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { DEFINITION, recipientsUpTo, startApi, type TestApi } from './api.ts';

let api: TestApi;
let siteId: number;
let jobId: string;
let jobNumber: string;
beforeAll(async () => {
  api = await startApi();
  const job = { ...DEFINITION, pool: 'news', recipients: recipientsUpTo(3) };
  jobId = (await api.call('POST', '/v1/jobs', { body: job })).body.id;
  const row = await api.database.client.job.findFirstOrThrow({ where: { publicId: jobId } });
  jobNumber = row.id.toString();
});
afterAll(() => api[Symbol.asyncDispose]());

type Answer = { constraint: string; detail: string; nextAt?: string; lastReply?: string };
const why = async (path: string): Promise<Answer & { groups: Answer[]; pools: (Answer & { pool: string })[] }> => {
  const { status, body } = await api.call('GET', `/v1/why/${path}`);
  expect(status).toBe(200);
  return body as unknown as Answer & { groups: Answer[]; pools: (Answer & { pool: string })[] };
};
const message = (): Promise<Answer> => why(`messages/${jobId}-0`);

test('before it is work, it waits to be prepared', async () => {
  expect((await message()).constraint).toBe('not-prepared');
});

test('each thing that binds is named in turn, with when it ends and the last reply; lifted, it binds no more', async () => {
  const { database } = api;
  const [site] = await saveDomains(database, [
    { domain: 'example.com', siteKey: 'mx:0 mx.example.com', resolution: 'hosts', validSeconds: 600 },
  ]);
  siteId = site?.siteId ?? 0;
  const recipients = [0, 1, 2].map((ordinal) => ({
    messageId: messageIdOf(jobNumber, ordinal),
    ordinal,
    address: `user${ordinal}@example.com`,
    addressKey: `user${ordinal}@example.com`,
    addressHash: `00000000-0000-4000-8000-00000000000${ordinal}`,
    siteId,
  }));
  await prepareChunk(database, { jobNumber, number: 0, pool: 'news', urgency: 2, recipients });
  expect(await message()).toMatchObject({ constraint: 'no-live-source', detail: expect.stringContaining('news') });

  const epoch = await registerWorker(database, 'w', [{ publicId: 1, pools: ['news'] }]);
  expect((await message()).constraint).toBe('its-turn');

  await blockSite(database, { siteId, hours: 3, because: '300 of 300 messages failed within an hour' });
  expect(await message()).toMatchObject({ constraint: 'site-blocked', detail: expect.stringContaining('300 of 300') });
  const { body: resting } = await api.call('GET', '/v1/sites/blocked');
  expect(resting).toMatchObject({ sites: [{ id: siteId, kind: 'block', domains: ['example.com'] }], paths: [] });
  expect((await why('domains/Example.COM')).pools).toMatchObject([{ pool: 'news', constraint: 'site-blocked' }]);
  await database.client.$executeRawUnsafe(
    `UPDATE work SET due_at = mxflow_now() + interval '3 hours', wait_reason = 'site-blocked'`,
  );
  expect((await api.call('DELETE', `/v1/sites/${siteId}/block`)).body).toEqual({ lifted: 1 });
  // What a worker had put off for the block does not wait for the end that it would have had.
  expect((await message()).constraint).toBe('its-turn');
  expect((await api.call('DELETE', `/v1/sites/${siteId}/block`)).status).toBe(404);

  const rule = {
    id: 'stop',
    mask: '*',
    pattern: 'stop',
    thresholdPerHour: 1,
    stepSeconds: 60,
    matches: [],
    passes: [],
  };
  await seedFeedbackRules(database, [{ ...rule, action: { kind: 'suspend', seconds: 3600 } }]);
  const group = `site:${siteId}`;
  await noteFeedback(database, [{ groupKey: group, publicId: 1, feedbackRuleId: 'stop', reply: '421 stop' }]);
  expect(await message()).toMatchObject({
    constraint: 'suspended',
    detail: expect.stringContaining('stop'),
    lastReply: '421 stop',
  });
  const { nextAt = '' } = await message();
  expect(Math.round((Date.parse(nextAt) - Date.now()) / 60_000)).toBe(60);
  const { body: held } = await api.call('GET', '/v1/holds');
  expect(held).toMatchObject({ holds: [{ group, source: 1, reason: 'stop', lastReply: '421 stop' }] });
  expect((await api.call('DELETE', `/v1/holds?group=${group}&source=2`)).status).toBe(404);
  expect((await api.call('DELETE', `/v1/holds?group=${group}&source=1`)).body).toEqual({ lifted: 1 });

  await database.client.$executeRawUnsafe(
    `INSERT INTO scopes (key, rule_id, public_id, group_key, max_connections, messages_per_hour, slots_used, level,
       refilled_at) VALUES ('path:192.0.2.1/1', 'any', 1, $1, 4, 15000, 4, 10, mxflow_now())`,
    group,
  );
  expect(await message()).toMatchObject({ constraint: 'connections', detail: '4 of 4 connections are open' });
  await database.client.$executeRawUnsafe(
    `UPDATE scopes SET slots_used = 0, level = 0, messages_per_hour = 100, outstanding = 1`,
  );
  expect((await message()).constraint).toBe('rate');
  await database.client.$executeRawUnsafe(`DELETE FROM scopes`);

  await database.client.$executeRawUnsafe(
    `UPDATE work SET due_at = mxflow_now() + interval '1 hour', wait_reason = 'greylisted', last_reply = '451 later'`,
  );
  expect(await message()).toMatchObject({ constraint: 'not-due', detail: 'greylisted', lastReply: '451 later' });
  expect(await why(`jobs/${jobId}`)).toMatchObject({
    waiting: 3,
    groups: [{ messages: 3, domain: 'example.com', constraint: 'not-due', lastReply: '451 later' }],
  });

  await database.client.$executeRawUnsafe(`UPDATE work SET state = 'sending', worker = $1`, epoch);
  expect((await message()).constraint).toBe('being-sent');
  await api.call('POST', `/v1/jobs/${jobId}/pause`);
  expect((await message()).constraint).toBe('job-paused');
});

test('what nobody knows, and what is a stranger’s, is 404; what rests is for keys that may see rules', async () => {
  const stranger = await api.issueKey('stranger');
  expect((await api.call('GET', `/v1/why/messages/${jobId}-0`, { key: stranger })).status).toBe(404);
  expect((await api.call('GET', `/v1/why/jobs/${jobId}`, { key: stranger })).status).toBe(404);
  expect((await api.call('GET', `/v1/why/messages/${jobId}-99`)).status).toBe(404);
  expect((await api.call('GET', '/v1/why/domains/never.example')).status).toBe(404);
  const reader = await api.issueKey('t', ['jobs:read']);
  expect((await api.call('GET', '/v1/holds', { key: reader })).status).toBe(403);
  expect((await api.call('DELETE', `/v1/sites/${siteId}/block`, { key: reader })).status).toBe(403);
});
