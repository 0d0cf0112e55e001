import { loadBundledRules, registerSources } from '@mxflow/db';
import { DEFAULT_MX_RULES, DEFAULT_RAMP } from '@mxflow/domain';
import { expect, test } from 'vitest';

import { startApi } from './api.ts';

const { id: _id, origin: _origin, ...gmail } = DEFAULT_MX_RULES[0] ?? expect.fail('no rules');

test('rules, level and sources over HTTP', async () => {
  await using api = await startApi();
  await loadBundledRules(api.database);
  await registerSources(api.database, [
    { publicId: 1, publicIp: '192.0.2.1', heloName: 'mta.example', weight: 1, pools: ['default'] },
  ]);
  const tenant = await api.issueKey('t', ['jobs:read']);
  expect((await api.call('GET', '/v1/rules', { key: tenant })).status).toBe(403);
  expect((await api.call('GET', '/v1/rules')).body).toMatchObject({
    level: 'normal',
    rules: { length: DEFAULT_MX_RULES.length },
  });
  expect((await api.call('GET', '/v1/rules/lint')).body).toEqual({ findings: [] });

  const body = { ...gmail, mask: '*.ours.test' };
  expect((await api.call('PUT', '/v1/rules/ours', { body })).status).toBe(200);
  const broken = { ...body, limits: { ...body.limits, slow: { ...body.limits.slow, maxConnections: 0 } } };
  const refused = await api.call('PUT', '/v1/rules/ours', { body: broken });
  expect(refused.status).toBe(422);
  expect(refused.body.errors).toMatchObject([{ pointer: '/limits/slow/maxConnections', found: '0' }]);
  expect(refused.body.errors[0]?.expected).toContain('maxConnections of rule ours at level slow');
  expect((await api.call('DELETE', '/v1/rules/any')).status).toBe(409);
  expect((await api.call('GET', '/v1/rules/explain?mxhost=mx1.ours.test&source=1')).body).toMatchObject({
    hosts: [{ ruleId: 'ours', level: 'normal', limits: body.limits.normal }],
  });

  await api.database.client.$executeRawUnsafe(
    `INSERT INTO delivery_log (message_id, job_id, attempt, status, mx_host, source, address)
     VALUES (1, 1, 1, 'sent', 'mx1.ours.test', 1, 'a@shop.test')`,
  );
  const trial = await api.call('POST', '/v1/rules/dry-run', { body: { delete: 'ours' } });
  expect(trial.body).toMatchObject({
    looked: 1,
    changes: [{ domain: 'shop.test', before: { ruleId: 'ours' }, after: { ruleId: 'any' } }],
  });
  expect((await api.call('DELETE', '/v1/rules/ours')).status).toBe(204);
  // What DELETE refuses is refused alike, and a rule of the set that lies under one of ours holds again.
  const refusal = await api.call('DELETE', '/v1/rules/gmail');
  const tried = await api.call('POST', '/v1/rules/dry-run', { body: { delete: 'gmail' } });
  expect([tried.status, tried.body.detail]).toEqual([409, refusal.body.detail]);
  expect((await api.call('POST', '/v1/rules/dry-run', { body: { delete: 'nobody' } })).status).toBe(404);
  await api.call('PUT', '/v1/rules/gmail', { body: { ...gmail, mask: '*.ours.test' } });
  const version = (await api.call('GET', '/v1/rules')).body;
  expect((await api.call('POST', '/v1/rules/dry-run', { body: { delete: 'gmail' } })).body).toMatchObject({
    changes: [{ domain: 'shop.test', before: { ruleId: 'gmail' }, after: { ruleId: 'any' } }],
  });
  expect((await api.call('GET', '/v1/rules')).body).toEqual(version);
  expect((await api.call('DELETE', '/v1/rules/gmail')).status).toBe(204);
  expect((await api.call('GET', '/v1/rules/gmail')).body).toMatchObject({ mask: gmail.mask, origin: 'bundled' });

  expect((await api.call('PUT', '/v1/level', { body: { level: 'custom' } })).status).toBe(200);
  expect((await api.call('PUT', '/v1/rules/ours', { body })).status).toBe(422);
  expect((await api.call('PATCH', '/v1/sources/1', { body: { level: 'custom' } })).status).toBe(422);
  const patch = { level: 'slow', paused: true, ramp: DEFAULT_RAMP };
  expect((await api.call('PATCH', '/v1/sources/1', { body: patch })).body).toMatchObject(patch);
  expect((await api.call('PATCH', '/v1/sources/9', { body: patch })).status).toBe(404);
  expect((await api.call('GET', '/v1/sources/1/history')).body).toMatchObject({
    history: [{ levelAfter: 'slow', reason: 'operator' }],
  });
});
