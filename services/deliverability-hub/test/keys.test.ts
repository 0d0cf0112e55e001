import { admitClientKey } from '@mxflow/db';
import { derivedClientKey } from '@mxflow/rule-set';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { SECRET, startTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub[Symbol.asyncDispose]());

const pull = async (key: string) => await hub.call('GET', '/v1/rule-set', { key });
const REVOKED = { status: 401, body: { detail: expect.stringContaining('revoked') } };
/** Keys are remembered for a moment: all of them are refused within five seconds, and told why. */
const untilRefused = async (...keys: readonly string[]) => {
  await expect
    .poll(() => Promise.all(keys.map(pull)), { timeout: 5_000, interval: 250 })
    .toMatchObject(keys.map(() => REVOKED));
};

test('a key is made, shown once, used, replaced and revoked', async () => {
  const post = async (body: object) => await hub.call('POST', '/v1/keys', { body });
  const made = await post({ name: 'shop.example', role: 'client' });
  expect(made).toMatchObject({ status: 201, body: { key: expect.stringMatching(/^mxh_/) } });
  expect((await pull(made.body.key)).status).toBe(200);
  const { text } = await hub.call('GET', '/v1/keys');
  expect(text).toContain('shop.example');
  expect(text).not.toContain(made.body.key);

  expect(await post({ name: 'shop.example', role: 'client' })).toMatchObject({ status: 409 });
  expect(await post({ name: '(same secret)', role: 'client' })).toMatchObject({ status: 422 });
  const next = await post({ name: 'shop.example', role: 'client', replace: true });
  expect((await pull(next.body.key)).status).toBe(200);
  expect((await hub.call('DELETE', `/v1/keys/${next.body.id}`)).status).toBe(204);
  expect((await hub.call('DELETE', '/v1/keys/999')).status).toBe(404);
  await untilRefused(made.body.key, next.body.key);
});

test('the key of a client opens nothing but what clients do', async () => {
  const key = hub.keys.client;
  for (const [method, path] of [
    ['GET', '/v1/draft'],
    ['PUT', '/v1/draft'],
    ['DELETE', '/v1/draft'],
    ['POST', '/v1/draft/publish'],
    ['GET', '/v1/versions'],
    ['GET', '/v1/keys'],
    ['POST', '/v1/keys'],
    ['GET', '/v1/unmatched'],
  ] as const) {
    expect({ path, status: (await hub.call(method, path, { key })).status }).toEqual({ path, status: 403 });
  }
  expect((await pull(hub.keys.editor)).status).toBe(200);
});

test('the key that derives from the secret is let in, takes the place of that of an older secret, and can be revoked', async () => {
  const name = '(same secret)';
  const [old, now] = [derivedClientKey('an older secret'), derivedClientKey(SECRET)];
  for (const key of [old, now, now]) {
    await admitClientKey(hub.database, { name, key });
    expect((await pull(key)).status).toBe(200);
  }
  const { id } = await hub.database.client.hubKey.findFirstOrThrow({ where: { name, revokedAt: null } });
  await hub.call('DELETE', `/v1/keys/${id}`);
  // A hub that starts again does not let it in again.
  await admitClientKey(hub.database, { name, key: now });
  await untilRefused(old, now);
});

test('what editors do leaves a line, and so does who was turned away', async () => {
  const lines = async () => await hub.database.client.hubAuditEntry.findMany({ orderBy: { id: 'asc' } });
  await hub.call('GET', '/v1/versions/1');
  await hub.call('GET', '/v1/keys', { key: hub.keys.client });
  await expect.poll(lines, { timeout: 5_000 }).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        keyName: 'test editor',
        action: 'GET /v1/versions/:version',
        subject: '1',
        outcome: '200',
      }),
      expect.objectContaining({ keyName: 'test client', action: 'GET /v1/keys', outcome: '403' }),
      expect.objectContaining({ action: 'GET /v1/rule-set', outcome: '401' }),
    ]),
  );
});
