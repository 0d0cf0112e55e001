import { get } from 'node:https';

import { openDatabase } from '@mxflow/db';
import { selfSignedCertificate } from '@mxflow/provider-sim';
import { openRuleSet } from '@mxflow/rule-set';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startTestHub, type TestHub } from './hub.ts';

let hub: TestHub;
beforeAll(async () => {
  hub = await startTestHub();
});
afterAll(() => hub[Symbol.asyncDispose]());

test('a client gets the newest rule set, signed, packed or not, and 304 as long as it has it', async () => {
  const { client } = hub.keys;
  const first = await hub.call('GET', '/v1/rule-set', { key: client });
  expect(first.status).toBe(200);
  expect(first.headers.get('content-type')).toContain('application/jose+json');
  // fetch asks for gzip by itself, and unpacks it.
  expect(first.headers.get('content-encoding')).toBe('gzip');
  expect(first.headers.get('cache-control')).toBe('no-cache');
  const plain = await hub.call('GET', '/v1/rule-set', { key: client, headers: { 'accept-encoding': 'gzip;q=0' } });
  expect(plain.headers.get('content-encoding')).toBeNull();
  expect(plain.text).toBe(first.text);
  expect(plain.headers.get('etag')).toBe(first.headers.get('etag'));

  const opened = await openRuleSet(Buffer.from(first.text), [hub.trusted]);
  expect(opened).toMatchObject({ kind: 'opened', document: { format: 1, version: 1 } });

  const etag = String(first.headers.get('etag'));
  for (const seen of [etag, `"other", ${etag}`, '*']) {
    const again = await hub.call('GET', '/v1/rule-set', { key: client, headers: { 'if-none-match': seen } });
    expect([again.status, again.text]).toEqual([304, '']);
  }
  const byNumber = await hub.call('GET', '/v1/rule-sets/1', { key: client });
  expect(byNumber.text).toBe(first.text);
  expect((await hub.call('GET', '/v1/rule-sets/2', { key: client })).status).toBe(404);
  expect((await hub.call('GET', '/v1/rule-sets/x', { key: client })).status).toBe(404);
});

test('without a key in force nobody gets anything, and hears why', async () => {
  const wrong = `mxh_${'0'.repeat(43)}`;
  for (const key of ['', 'mxh_short', wrong]) {
    expect(await hub.call('GET', '/v1/rule-set', { key })).toMatchObject({
      status: 401,
      body: { type: 'urn:mxflow:problem:unauthorized' },
    });
  }
});

test('what signs, the schema and the description are open to everybody', async () => {
  const keys = await hub.call('GET', '/v1/public-keys', { key: '' });
  expect(keys.body).toEqual({ keys: [{ kid: hub.signing.kid, publicKey: hub.signing.publicKey }] });
  const schema = await hub.call('GET', '/v1/rule-set.schema.json', { key: '' });
  expect(schema.body).toMatchObject({ title: 'RuleSetDocument', required: expect.arrayContaining(['mxRules']) });
  const description = await hub.call('GET', '/openapi.json', { key: '' });
  expect(description.body).toMatchObject({ openapi: '3.1.0', paths: { '/v1/rule-set': {} } });
});

test('when a client last came, and for what, stands with its key', async () => {
  await hub.call('GET', '/v1/rule-set', { key: hub.keys.client });
  await expect
    .poll(() => hub.database.client.hubKey.findFirst({ where: { name: 'test client' } }), { timeout: 5_000 })
    .toMatchObject({ lastVersion: 1, lastPullAt: expect.any(Date) });
});

test('with a certificate the hub speaks HTTPS', async () => {
  const { certificate: cert, privateKey: key } = selfSignedCertificate(['hub.test']);
  await using secure = await startTestHub({ tls: { cert, key } });
  const status = await new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${secure.keys.client}` };
    get(`${secure.url}/v1/rule-set`, { ca: cert, servername: 'hub.test', headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode));
    }).once('error', reject);
  });
  expect(status).toBe(200);
  await expect(secure.call('GET', '/v1/public-keys')).rejects.toThrow('fetch failed');
});

test('while Postgres is away nobody is let in, and afterwards everybody again', async () => {
  const maintenance = new URL(hub.databaseUrl);
  const name = maintenance.pathname.slice(1);
  maintenance.pathname = '/postgres';
  await using server = openDatabase(maintenance.href, { poolSize: 1 });
  await server.client.$executeRawUnsafe(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
  await server.client.$queryRawUnsafe(
    `SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = $1`,
    name,
  );
  const away = await hub.call('GET', '/v1/rule-set', { key: `mxh_${'1'.repeat(43)}` });
  expect([away.status, Number(away.headers.get('retry-after')) > 0]).toEqual([503, true]);
  await server.client.$executeRawUnsafe(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
  await expect
    .poll(async () => (await hub.call('GET', '/v1/rule-set', { key: hub.keys.client })).status, { timeout: 10_000 })
    .toBe(200);
});
