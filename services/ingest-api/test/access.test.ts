import { afterAll, beforeAll, expect, test } from 'vitest';

import { DEFINITION, recipientsUpTo, startApi, type TestApi } from './api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api[Symbol.asyncDispose]());

test.for<[title: string, authorization: string | undefined]>([
  ['none', undefined],
  ['another scheme', 'Basic dXNlcjpwYXNz'],
  ['no key of ours', 'Bearer abc'],
  ['one that nobody has', `Bearer mxk_${'0'.repeat(43)}`],
])('a call with a wrong key is 401 before its body is read: %s', async ([, authorization]) => {
  const response = await fetch(`${api.url}/v1/jobs`, {
    method: 'POST',
    body: 'not json',
    headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
  });
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toBe('Bearer');
});

test('a key does only what its scopes allow', async () => {
  const reader = await api.issueKey('t', ['jobs:read']);
  const job = { ...DEFINITION, recipients: recipientsUpTo(1) };
  expect((await api.call('GET', '/v1/jobs', { key: reader })).status).toBe(200);
  expect((await api.call('POST', '/v1/jobs', { key: reader, body: job })).status).toBe(403);
  expect((await api.call('GET', '/v1/webhooks', { key: reader })).status).toBe(403);
  expect((await api.call('GET', '/v1/keys', { key: reader })).status).toBe(403);
});

test("another tenant's ids are as unknown as any", async () => {
  const stranger = await api.issueKey('stranger');
  const { body } = await api.call('POST', '/v1/jobs', { body: { ...DEFINITION, recipients: recipientsUpTo(1) } });
  const { body: webhook } = await api.call('POST', '/v1/webhooks', {
    body: { url: 'https://hooks.example/x', events: ['message.sent'] },
  });
  const calls: readonly (readonly [method: string, path: string, unknown: string])[] = [
    ['GET', `/v1/jobs/${body.id}`, '/v1/jobs/j0000000000000000000000'],
    ['GET', `/v1/jobs/${body.id}/messages`, '/v1/jobs/j0000000000000000000000/messages'],
    ['GET', `/v1/messages/${body.id}-0`, '/v1/messages/j0000000000000000000000-0'],
    ['POST', `/v1/jobs/${body.id}/pause`, '/v1/jobs/j0000000000000000000000/pause'],
    ['POST', `/v1/jobs/${body.id}/cancel`, '/v1/jobs/j0000000000000000000000/cancel'],
    ['GET', `/v1/webhooks/${webhook.id}`, '/v1/webhooks/999999'],
    ['PATCH', `/v1/webhooks/${webhook.id}`, '/v1/webhooks/999999'],
    ['DELETE', `/v1/webhooks/${webhook.id}`, '/v1/webhooks/999999'],
  ];
  for (const [method, path, unknown] of calls) {
    const send = { key: stranger, ...(method === 'PATCH' ? { body: { enabled: false } } : {}) };
    const answer = await api.call(method, path, send);
    expect([answer.status, answer.body]).toEqual([404, (await api.call(method, unknown, send)).body]);
  }
  expect((await api.call('GET', '/v1/jobs', { key: stranger })).body.jobs).toEqual([]);
  expect((await api.call('GET', `/v1/jobs/${body.id}`)).body.state).toBe('active');
});

test('one key of idempotency means another job for another tenant', async () => {
  const stranger = await api.issueKey('stranger');
  const send = { body: { ...DEFINITION, recipients: recipientsUpTo(1) }, headers: { 'idempotency-key': 'shared' } };
  const mine = await api.call('POST', '/v1/jobs', send);
  const theirs = await api.call('POST', '/v1/jobs', { ...send, key: stranger });
  expect([mine.status, theirs.status]).toEqual([202, 202]);
  expect(theirs.body.id).not.toBe(mine.body.id);
  expect(theirs.headers.get('idempotency-replayed')).toBeNull();
});

test('a key is made, shown once, used and revoked; the table holds its hash alone', async () => {
  const admin = await api.issueKey('keys', ['keys:write']);
  const made = await api.call('POST', '/v1/keys', { key: admin, body: { name: 'reader', scopes: ['jobs:read'] } });
  expect(made.status).toBe(201);
  expect(made.body.key).toMatch(/^mxk_[0-9A-Za-z]{43}$/);
  expect((await api.call('GET', '/v1/jobs', { key: made.body.key })).status).toBe(200);
  const listed = await api.call('GET', '/v1/keys', { key: admin });
  expect(JSON.stringify(listed.body)).toContain('"reader"');
  expect(JSON.stringify(listed.body)).not.toContain('mxk_');
  const row = await api.database.client.apiKey.findUniqueOrThrow({ where: { id: Number(made.body.id) } });
  expect(Buffer.from(row.sha256).toString('latin1')).not.toContain('mxk_');
  expect((await api.call('DELETE', `/v1/keys/${made.body.id}`, { key: admin })).status).toBe(204);
  await expect
    .poll(async () => (await api.call('GET', '/v1/jobs', { key: made.body.key })).status, { timeout: 7_000 })
    .toBe(401);
});

test('an administrator of a tenant gives no scope that reaches beyond it; an operator does', async () => {
  const admin = await api.issueKey('keys', ['keys:write']);
  for (const scope of ['quarantine:read', 'bounces:write', 'rules:read']) {
    const asked = { name: 'more', scopes: ['jobs:read', scope] };
    expect((await api.call('POST', '/v1/keys', { key: admin, body: asked })).status).toBe(403);
    expect((await api.call('POST', '/v1/keys', { body: asked })).status).toBe(201);
  }
});

test('every call leaves a line in the audit log', async () => {
  const key = await api.issueKey('audited', ['jobs:read']);
  await api.call('GET', '/v1/jobs/j0000000000000000000000', { key });
  await api.call('POST', '/v1/jobs', { key, body: {} });
  const { id } = await api.database.client.tenant.findUniqueOrThrow({ where: { name: 'audited' } });
  const find = () =>
    api.database.client.auditEntry.findMany({
      where: { tenantId: id },
      orderBy: { id: 'asc' },
      select: { action: true, subject: true, outcome: true },
    });
  await expect.poll(find, { timeout: 5_000 }).toEqual([
    { action: 'GET /v1/jobs/:id', subject: 'j0000000000000000000000', outcome: '404' },
    { action: 'POST /v1/jobs', subject: null, outcome: '403' },
  ]);
});

test('webhooks: the secret is shown once and stored sealed', async () => {
  const made = await api.call('POST', '/v1/webhooks', {
    body: { url: 'https://hooks.example/in', events: ['message.sent', 'message.failed'] },
  });
  expect(made.status).toBe(201);
  expect(made.body.secret).toMatch(/^whsec_[\w-]{43}$/);
  const row = await api.database.client.webhookEndpoint.findUniqueOrThrow({ where: { id: Number(made.body.id) } });
  expect(Buffer.from(row.secret).toString('latin1')).not.toContain('whsec_');
  const path = `/v1/webhooks/${made.body.id}`;
  expect((await api.call('GET', path)).body).toEqual(expect.not.objectContaining({ secret: expect.anything() }));
  const changed = await api.call('PATCH', path, { body: { enabled: false, events: ['message.sent'] } });
  expect(changed.body).toMatchObject({ enabled: false, events: ['message.sent'] });
  expect((await api.call('DELETE', path)).status).toBe(204);
  expect((await api.call('GET', path)).status).toBe(404);
});

test.for<[url: string, status: number]>([
  ['http://hooks.example/in', 422],
  ['https://127.0.0.2/in', 201],
  ['http://127.0.0.2:8080/in', 201],
  ['https://10.0.0.1/in', 422],
  ['https://[::1]/in', 422],
  ['https://[::ffff:10.0.0.1]/in', 422],
  ['https://169.254.169.254/latest', 422],
  ['https://0x7f.1/in', 201],
  ['https://localhost/in', 422],
  ['https://user:pass@hooks.example/', 422],
  ['ftp://hooks.example/', 422],
  ['hooks', 422],
])('a webhook to %s is %d', async ([url, status]) => {
  const answer = await api.call('POST', '/v1/webhooks', { body: { url, events: ['message.sent'] } });
  expect(answer.status).toBe(status);
  if (status === 422) expect(answer.body.errors[0]?.pointer).toBe('/url');
});

test('the description is OpenAPI 3.1, and its page loads nothing from elsewhere', async () => {
  const response = await fetch(`${api.url}/openapi.json`);
  const description = (await response.json()) as { openapi: string; paths: Record<string, object> };
  expect(description.openapi).toBe('3.1.0');
  expect(Object.keys(description.paths)).toContain('/v1/jobs/{id}/messages');
  const page = await fetch(`${api.url}/docs/`);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  const html = await page.text();
  expect([...html.matchAll(/(?:src|href)="(https?:)?\/\//g)]).toEqual([]);
  expect((await fetch(`${api.url}/docs/js/scalar.js`)).status).toBe(200);
});
