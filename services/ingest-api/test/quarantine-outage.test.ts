import type { HeldErrors, QuarantineExplanation, Undone } from '@mxflow/contracts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { startApi, type TestApi } from './api.ts';
import { emptyQuarantine, fail, siteOf } from './quarantine-world.ts';

const BASE = '/v1/quarantine';
let api: TestApi;
let siteId: number;
beforeAll(async () => {
  api = await startApi();
  siteId = await siteOf(api.database, 'shop.test');
});
afterAll(() => api[Symbol.asyncDispose]());
beforeEach(() => emptyQuarantine(api.database));

async function call<Body>(method: string, path: string, body?: unknown) {
  const answer = await api.call(method, path, body === undefined ? {} : { body });
  return { status: answer.status, body: answer.body as unknown as Body, errors: answer.body.errors };
}
const explained = async (address: string) =>
  (await call<QuarantineExplanation>('GET', `${BASE}/addresses/${encodeURIComponent(address)}`)).body;
const statusOf = async (address: string) => (await explained(address)).entry?.status;

test('an outage is undone by site, rule and window: who was changed since is left alone', async () => {
  const from = new Date(Date.now() - 60_000).toISOString();
  const to = new Date(Date.now() + 60_000).toISOString();
  await fail(api.database, { addresses: ['a@shop.test', 'b@shop.test'], siteId });
  await call('PUT', `${BASE}/addresses/b@shop.test`, { status: 'denylisted' });
  const undo = async (body: object) => await call<Undone>('POST', `${BASE}/undo`, { from, to, ...body });
  const query = { site: 'shop.test', rule: 'Address_unknown' };
  expect((await undo({ ...query, dryRun: true })).body).toMatchObject({
    restored: 1,
    changedSince: 1,
    sample: ['a@shop.test'],
  });
  expect(await statusOf('a@shop.test')).toBe('quarantined');
  expect((await undo({ ...query, rule: 'Other' })).body).toMatchObject({ restored: 0 });
  expect((await undo(query)).body).toMatchObject({ restored: 1, changedSince: 1 });
  expect([await statusOf('a@shop.test'), await statusOf('b@shop.test')]).toEqual([undefined, 'denylisted']);
  expect((await explained('a@shop.test')).history[1]).toMatchObject({ cause: 'error', undone: true });
  expect((await undo({ to: from })).status).toBe(422);
});

test('customers of a provider are put back together; each alone, too', async () => {
  const sites = await Promise.all(['one.test', 'two.test'].map((domain) => siteOf(api.database, domain, 'big.test')));
  for (const [n, id] of sites.entries()) {
    await fail(api.database, { addresses: Array.from({ length: 40 }, (_, u) => `u${u}@c${n}.test`), siteId: id });
  }
  await fail(api.database, { addresses: ['a@shop.test'], siteId });
  const { body: held } = await call<HeldErrors>('GET', `${BASE}/held?provider=Big.test&limit=1000`);
  const gone = 80 - held.errors.length;
  expect(gone).toBeLessThanOrEqual(55);
  expect(held.sites).toMatchObject([
    { provider: 'big.test', alarmedAt: expect.any(String), held: 80 - gone },
    { site: sites[1], provider: 'big.test', key: 'mx:0 mx.two.test.big.test', held: 80 - gone },
  ]);
  const settle = async (body: object) => (await call('POST', `${BASE}/held/drop`, body)).body;
  expect(await settle({ provider: 'big.test', dryRun: true })).toEqual({ errors: 80 - gone, dryRun: true });
  expect(await settle({ provider: 'big.test' })).toEqual({ errors: 80 - gone, dryRun: false });
  const from = new Date(Date.now() - 60_000).toISOString();
  const to = new Date(Date.now() + 60_000).toISOString();
  const undo = async (body: object) => await call<Undone>('POST', `${BASE}/undo`, { from, to, ...body });
  expect((await undo({ provider: 'big.test', dryRun: true })).body).toMatchObject({ restored: gone, changedSince: 0 });
  expect((await undo({ site: 'one.test' })).body).toMatchObject({ restored: 40 });
  expect((await undo({ provider: 'big.test' })).body).toMatchObject({ restored: gone - 40 });
  expect(await statusOf('a@shop.test')).toBe('quarantined');
  expect((await undo({ provider: 'unheard.test' })).status).toBe(404);
  expect((await undo({ provider: 'big.test', site: 'one.test' })).errors).toMatchObject([{ pointer: '/provider' }]);
});

test('what the guard holds back is listed, applied and dropped', async () => {
  await fail(api.database, { addresses: Array.from({ length: 400 }, (_, n) => `u${n}@shop.test`), siteId });
  const held = async (query = '') => (await call<HeldErrors>('GET', `${BASE}/held${query}`)).body;
  const { sites, errors } = await held('?limit=1000');
  expect(sites).toMatchObject([{ site: siteId, alarmedAt: expect.any(String), held: errors.length }]);
  expect(errors.length).toBeGreaterThan(100);
  const [one] = errors;
  expect(await explained(one?.address ?? '')).toMatchObject({ barred: false, held: 1 });
  const settle = async (verb: string, body: object) => (await call('POST', `${BASE}/held/${verb}`, body)).body;
  expect(await settle('apply', { site: 'shop.test', dryRun: true })).toEqual({ errors: errors.length, dryRun: true });
  expect(await settle('apply', { rule: 'Nobody' })).toEqual({ errors: 0, dryRun: false });
  expect(await settle('apply', { site: `${siteId}` })).toEqual({ errors: errors.length, dryRun: false });
  expect(await statusOf(one?.address ?? '')).toBe('quarantined');
  expect((await held()).errors).toEqual([]);
});
