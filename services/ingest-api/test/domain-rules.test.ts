import { seedDomainRules } from '@mxflow/db';
import { DEFAULT_DOMAIN_RULES } from '@mxflow/domain';
import { expect, test } from 'vitest';

import { startApi, type TestApi } from './api.ts';

const BASE = '/v1/domain-rules';
const call = async (api: TestApi, method: string, path: string, body?: unknown) => {
  const answer = await api.call(method, path, body === undefined ? {} : { body });
  return { status: answer.status, body: answer.body as unknown as Record<string, unknown>, errors: answer.body.errors };
};

test('domain rules are listed, laid over, tried, switched off and taken back', async () => {
  await using api = await startApi();
  await seedDomainRules(api.database);
  const ids = async () => ((await call(api, 'GET', BASE)).body['rules'] as { id: string }[]).map(({ id }) => id);
  const bundled = DEFAULT_DOMAIN_RULES.map(({ id }) => id);
  expect(await ids()).toEqual(bundled);
  const ours = { mask: '*.Gone.example', action: 'no-mail', note: 'closed' };
  expect(await call(api, 'PUT', `${BASE}/ours`, ours)).toMatchObject({
    status: 200,
    body: { id: 'ours', mask: '*.gone.example', action: 'no-mail', origin: 'local', enabled: true },
  });
  expect(await ids()).toEqual(['ours', ...bundled]);
  expect((await call(api, 'PUT', `${BASE}/voila-fr`, { mask: 'voila.fr', action: 'deliver' })).status).toBe(200);
  expect((await call(api, 'GET', '/v1/rules/explain?domain=voila.fr')).body['domainRule']).toEqual({
    id: 'voila-fr',
    action: 'deliver',
  });
  expect((await call(api, 'DELETE', `${BASE}/voila-fr`)).status).toBe(204);
  expect((await call(api, 'GET', `${BASE}/voila-fr`)).body).toMatchObject({ origin: 'bundled', action: 'no-mail' });
  expect((await call(api, 'DELETE', `${BASE}/voila-fr`)).status).toBe(409);
  expect((await call(api, 'POST', `${BASE}/ours/disable`)).body).toMatchObject({ enabled: false });
  expect((await call(api, 'PUT', `${BASE}/order`, { ids: ['ours'] })).status).toBe(204);
  await api.database.client.$executeRawUnsafe(
    `INSERT INTO delivery_log (message_id, job_id, attempt, status, address)
     SELECT n, 1, 1, 'sent', 'a@' || (ARRAY['mail.gone.example', 'other.example'])[1 + n % 2]
     FROM generate_series(1, 6) n`,
  );
  expect((await call(api, 'POST', `${BASE}/dry-run`, { enable: 'ours' })).body).toEqual({
    looked: 2,
    changes: [
      {
        domain: 'mail.gone.example',
        messages: 3,
        before: { action: 'deliver' },
        after: { action: 'no-mail', rule: 'ours' },
      },
    ],
  });
});

test.for([
  ['all domains', { mask: '*', action: 'no-mail' }, '/mask'],
  ['a top-level domain', { mask: '*.fr', action: 'no-mail' }, '/mask'],
  ['a mask that is none', { mask: 'a b', action: 'deliver' }, '/mask'],
  ['an action that does not exist', { mask: 'a.example', action: 'shout' }, '/action'],
  ['a field of another name', { mask: 'a.example', action: 'deliver', reason: 'x' }, '/reason'],
] as const)('refused by name: %s', async ([, body, pointer]) => {
  await using api = await startApi();
  const { status, errors } = await call(api, 'PUT', `${BASE}/ours`, body);
  expect({ status, pointers: errors.map((fault) => fault.pointer) }).toEqual({ status: 422, pointers: [pointer] });
  expect((await call(api, 'GET', `${BASE}/ours`)).status).toBe(404);
});
