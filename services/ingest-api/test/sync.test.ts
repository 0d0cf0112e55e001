import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { LevelChange, RulesChange, StoredRuleSetList, SyncRunList, SyncStatus } from '@mxflow/contracts';
import { beginRun, endRun, loadBundledRules, noteSyncService, registerSources, type Database } from '@mxflow/db';
import { bundledRuleSet, compareRulesInForce, rulesOf } from '@mxflow/rule-set';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startApi, type TestApi } from './api.ts';

const run = promisify(execFile);
const MAIN = new URL('../../../packages/cli/src/main.ts', import.meta.url).pathname;

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
  await loadBundledRules(api.database);
});
afterAll(() => api[Symbol.asyncDispose]());

const mxflow = async (...words: readonly string[]): Promise<string> =>
  (await run(process.execPath, [MAIN, '--api', api.url, '--key', api.key, ...words])).stdout;
async function call<Body>(method: string, path: string, body?: unknown): Promise<{ status: number; body: Body }> {
  const answer = await api.call(method, path, body === undefined ? {} : { body });
  return { status: answer.status, body: answer.body as unknown as Body };
}

const bundled = bundledRuleSet();
/** The bundled set with another figure for connections to Gmail at Boost. */
function documentOf(version: number, maxConnections: number) {
  const mxRules = bundled.mxRules.map((rule) =>
    rule.id === 'gmail'
      ? { ...rule, limits: { ...rule.limits, boost: { ...rule.limits.boost, maxConnections } } }
      : rule,
  );
  const publishedAt = '2026-01-01T00:00:00.000Z';
  return { format: 1, version, publishedAt, note: `connections ${maxConnections}`, ...bundled, mxRules };
}

/** What the service does with a set that it has fetched. */
async function pull(database: Database, version: number, connections: number): Promise<void> {
  const document = documentOf(version, connections);
  const begun = await beginRun(database, () => ({ cause: 'start' }), 60);
  const terms = { settledDay: '2026-01-01', retryAfterMs: () => 1, compare: compareRulesInForce };
  const pulled = { version, rules: rulesOf(document), document, source: 'https://hub.test', etag: undefined };
  if (begun === undefined) throw new Error('expected a run, found one under way');
  await endRun(database, begun, { result: { kind: 'pulled', pulled }, terms });
}

const source = { publicId: 1, publicIp: '192.0.2.1', heloName: 'mta.example', weight: 1, pools: ['default'] };

const status = async () => (await call<SyncStatus>('GET', '/v1/sync')).body;

test(
  'an operator asks how the sync stands, rolls back, pins, and follows the newest again',
  { timeout: 60_000 },
  async () => {
    expect(await status()).toMatchObject({ mode: 'no-service', inForce: { mxRules: null } });
    expect((await call('PUT', '/v1/sync/pin', {})).status).toBe(409);
    await call('PUT', '/v1/level', { level: 'boost' });
    await pull(api.database, 1, 40);
    await pull(api.database, 2, 30);
    expect(await status()).toMatchObject({ inForce: { mxRules: 2, policies: 2 }, newest: 2 });
    expect(await mxflow('sync', 'diff', '1', '2')).toBe('~ MX rule gmail /limits/boost/maxConnections: 40 -> 30\n');
    const back = '~ MX rule gmail /limits/maxConnections: 30 -> 40\n';
    expect(await mxflow('sync', 'rollback', '--dry-run')).toBe(`${back}version 1: nothing was changed\n`);
    expect(await status()).toMatchObject({ inForce: { mxRules: 2 } });
    await call('PUT', '/v1/level', { level: 'slow' });
    const nothing = /^nothing changes at the levels in force here; .*\nversion 1: nothing was changed\n$/;
    expect(await mxflow('sync', 'rollback', '--dry-run')).toMatch(nothing);
    await registerSources(api.database, [source]);
    await call('PATCH', '/v1/sources/1', { level: 'boost' });
    const ofSource = back.replace('limits', 'limits/boost');
    expect(await mxflow('sync', 'rollback', '--dry-run')).toBe(`${ofSource}version 1: nothing was changed\n`);
    await call('PATCH', '/v1/sources/1', { level: null });
    await call('PUT', '/v1/level', { level: 'boost' });
    expect(await mxflow('sync', 'rollback')).toBe(`${back}version 1 is in force\n`);
    // Who is not sure and says it again does not get the one that was rolled back.
    await expect(mxflow('sync', 'rollback')).rejects.toThrow('no earlier rule set was in force here');
    await pull(api.database, 3, 20);
    expect(await mxflow('sync')).toMatch(/^pinned to version 1: .*\nin force: version 1\nnewest pulled: version 3\n/);
    const tried = await call<RulesChange>('DELETE', '/v1/sync/pin?dryRun=true');
    expect(tried.body).toMatchObject({ version: 3, dryRun: true });
    expect(await mxflow('sync', 'pin', '--none')).toContain('version 3 is in force\n');
    expect((await call('PUT', '/v1/sync/pin', { version: 9 })).status).toBe(404);
    const { versions } = (await call<StoredRuleSetList>('GET', '/v1/sync/versions')).body;
    expect(versions.map(({ version, note }) => [version, note])).toEqual([
      [3, 'connections 20'],
      [2, 'connections 30'],
      [1, 'connections 40'],
    ]);
    const { runs } = (await call<SyncRunList>('GET', '/v1/sync/runs?limit=3')).body;
    expect(runs.map(({ cause, outcome }) => [cause, outcome])).toEqual([
      ['demand', undefined],
      ['unpin', 'applied'],
      ['start', 'kept-back'],
    ]);
    // Who asks again, before anybody took it, asks for the same.
    expect((await call('POST', '/v1/sync/runs', {})).body).toMatchObject({ id: runs[0]?.id });
  },
);

test('at Custom nothing is pulled, and leaving it shows first what the rule set changes', async () => {
  await call('PUT', '/v1/level', { level: 'custom' });
  expect((await status()).says).toBe('at Custom: nothing is pulled until another level is chosen');
  const nextAt = '2030-01-01T03:30:00.000Z';
  const facts = { enabled: true, source: 'https://hub.test', at: '03:30', zone: 'UTC', jitterMs: 0, nextAt };
  await noteSyncService(api.database, facts);
  expect((await status()).service).not.toHaveProperty('nextAt');
  expect((await call('PUT', '/v1/sync/pin', { version: 1 })).status).toBe(409);
  await call('PATCH', '/v1/sync/settings', { bounceRulesInCustom: true });
  expect((await status()).says).toContain('at Custom: bounce rules and policies are pulled');
  expect((await status()).service).toMatchObject({ nextAt });
  expect((await call('DELETE', '/v1/rules/gmail')).status).toBe(204);
  const tried = await call<LevelChange>('PUT', '/v1/level', { level: 'fast', dryRun: true });
  expect(tried.body).toMatchObject({
    level: 'fast',
    dryRun: true,
    diff: { mxRules: { added: ['gmail'], removed: [] } },
  });
  await expect(mxflow('level', 'set', 'fast')).rejects.toThrow('say --yes');
  expect((await status()).level).toBe('custom');
  expect(await mxflow('level', 'set', 'fast', '--yes')).toBe('+ MX rule gmail\nfast\n');
  expect((await call('GET', '/v1/rules/gmail')).body).toMatchObject({ origin: 'pulled' });
  expect((await call('DELETE', '/v1/rules/gmail')).status).toBe(409);
});
