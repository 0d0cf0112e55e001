import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { FeedbackRuleList, FeedbackRuleView, FeedbackTrial } from '@mxflow/contracts';
import { DEFAULT_FEEDBACK_RULES } from '@mxflow/feedback';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startApi, type TestApi } from './api.ts';

const BASE = '/v1/feedback-rules';
const RULE = {
  mask: '*.Shop.test',
  pattern: 'too many (letters|cards)',
  thresholdPerHour: 5,
  action: { kind: 'rate', cap: 60, seconds: 600 },
  stepSeconds: 300,
  matches: ['451 4.7.1 Too many letters from you'],
  passes: ['250 ok'],
};

/** For what changes nothing. */
let unchanged: TestApi;
beforeAll(async () => {
  unchanged = await startApi();
});
afterAll(() => unchanged[Symbol.asyncDispose]());

/** Answers of the routes under test, by their contract. */
async function call<Body>(api: TestApi, method: string, path: string, body?: unknown) {
  const answer = await api.call(method, path, body === undefined ? {} : { body });
  return { status: answer.status, body: answer.body as unknown as Body, errors: answer.body.errors };
}

const log = (api: TestApi, { reply, mxHost, times }: { reply: string; mxHost: string; times: number }) =>
  api.database.client.$executeRawUnsafe(
    `INSERT INTO delivery_log (message_id, job_id, attempt, status, reply, mx_host, address)
     SELECT n, 1, 1, 'deferred', replace($1, '%', n::text), $2, 'a@shop.test' FROM generate_series(1, $3::int) n`,
    reply,
    mxHost,
    times,
  );

test('feedback rules are listed, laid over, switched off and taken back', async () => {
  await using api = await startApi();
  const list = async () => (await call<FeedbackRuleList>(api, 'GET', BASE)).body.rules;
  expect((await list()).map(({ id }) => id)).toEqual(DEFAULT_FEEDBACK_RULES.map(({ id }) => id));
  expect(await call(api, 'PUT', `${BASE}/ours`, RULE)).toMatchObject({
    status: 200,
    body: { id: 'ours', mask: '*.shop.test', origin: 'local', enabled: true, hits: 0 },
  });
  expect((await list())[0]).toMatchObject({ id: 'ours', action: RULE.action });
  expect(await call(api, 'PUT', `${BASE}/yahoo-complaints`, RULE)).toMatchObject({ body: { origin: 'local' } });
  expect((await list())[1]).toMatchObject({ id: 'yahoo-complaints', pattern: RULE.pattern });
  expect((await call(api, 'DELETE', `${BASE}/yahoo-complaints`)).status).toBe(204);
  expect((await list())[1]).toMatchObject({ id: 'yahoo-complaints', origin: 'bundled' });
  expect((await call(api, 'DELETE', `${BASE}/yahoo-complaints`)).status).toBe(409);
  expect((await call<FeedbackRuleView>(api, 'POST', `${BASE}/ours/disable`)).body.enabled).toBe(false);
  expect((await call<FeedbackRuleView>(api, 'PUT', `${BASE}/ours`, RULE)).body.enabled).toBe(false);
  expect((await call<FeedbackRuleView>(api, 'POST', `${BASE}/ours/enable`)).body.enabled).toBe(true);
  expect((await call(api, 'POST', `${BASE}/nobody/enable`)).status).toBe(404);
  expect((await call(api, 'PUT', `${BASE}/second`, RULE)).status).toBe(200);
  expect((await call(api, 'PUT', `${BASE}/order`, { ids: ['ours', 'second'] })).status).toBe(204);
  expect((await list()).slice(0, 2).map(({ id }) => id)).toEqual(['ours', 'second']);
  expect((await call(api, 'PUT', `${BASE}/order`, { ids: ['ours'] })).status).toBe(409);
  expect((await call(api, 'PUT', `${BASE}/third?before=yahoo-complaints`, RULE)).status).toBe(409);
  expect((await call(api, 'GET', `${BASE}/third`)).status).toBe(404);
});

test.for([
  ['a pattern that RE2 cannot run', { pattern: 'a(?=b)' }, '/pattern'],
  ['a pattern that matches everything', { pattern: '.*' }, '/pattern'],
  ['an example that does not match', { matches: [...RULE.matches, '550 no'] }, '/matches/1'],
  ['an example that must not match', { passes: ['452 too many cards'] }, '/passes/0'],
  ['no example', { matches: [] }, '/matches'],
  ['a mask that is none', { mask: '(a|b).test' }, '/mask'],
  ['a rate without a figure', { action: { kind: 'rate', seconds: 5 } }, '/action/cap'],
  ['a figure that means nothing', { action: { kind: 'suspend', seconds: 5, cap: 3 } }, '/action/cap'],
  ['an action that does not exist', { action: { kind: 'shout', seconds: 5 } }, '/action/kind'],
  ['a threshold of nothing', { thresholdPerHour: 0 }, '/thresholdPerHour'],
  ['a field of another name', { treshold: 4 }, '/treshold'],
] as const)('refused by name: %s', async ([, change, pointer]) => {
  const api = unchanged;
  const { status, errors } = await call(api, 'PUT', `${BASE}/ours`, { ...RULE, ...change });
  expect({ status, pointers: errors.map((fault) => fault.pointer) }).toMatchObject({ status: 422 });
  expect(errors.map((fault) => fault.pointer)).toContain(pointer);
  const trial = await call(api, 'POST', `${BASE}/dry-run`, { put: { id: 'ours', ...RULE, ...change } });
  expect(trial.errors.map((fault) => fault.pointer)).toContain(`/put${pointer}`);
  expect((await call(api, 'GET', `${BASE}/ours`)).status).toBe(404);
});

test('a dry run tells which logged replies would meet another rule, and changes nothing', async () => {
  await using api = await startApi();
  await log(api, { reply: '451 4.7.1 too many letters from you, id %', mxHost: 'mx1.shop.test', times: 7000 });
  await log(api, { reply: '421 4.7.0 [TSS04] id % deferred', mxHost: 'mta5.am0.yahoodns.net', times: 12 });
  const put = { id: 'ours', ...RULE };
  const first = (await call<FeedbackTrial>(api, 'POST', `${BASE}/dry-run`, { put })).body;
  expect(first).toMatchObject({ looked: 5000, changes: [{ replies: 4988, mxHost: 'mx1.shop.test', after: 'ours' }] });
  expect(first.changes[0]).not.toHaveProperty('before');
  const second = (await call<FeedbackTrial>(api, 'POST', `${BASE}/dry-run`, { put, cursor: first.next })).body;
  expect(second).toMatchObject({ looked: 2012, rules: [{ rule: 'ours', now: 0, tried: 2012 }] });
  expect(second).not.toHaveProperty('next');
  const off = await call<FeedbackTrial>(api, 'POST', `${BASE}/dry-run`, { disable: 'yahoo-complaints' });
  expect(off.body.rules).toMatchObject([{ rule: 'yahoo-complaints', now: 12, tried: 0 }]);
  expect((await call(api, 'POST', `${BASE}/dry-run`, { delete: 'nobody' })).status).toBe(404);
  expect((await call(api, 'GET', `${BASE}/ours`)).status).toBe(404);
});

test('who may only read cannot write', async () => {
  const api = unchanged;
  const key = await api.issueKey('t', ['rules:read']);
  expect((await api.call('GET', BASE, { key })).status).toBe(200);
  expect((await api.call('PUT', `${BASE}/ours`, { key, body: RULE })).status).toBe(403);
});

// Many processes, one after the other.
test('the command line does the same', { timeout: 120_000 }, async () => {
  await using api = await startApi();
  const main = new URL('../../../packages/cli/src/main.ts', import.meta.url).pathname;
  const mxflow = async (...words: readonly string[]) =>
    await promisify(execFile)(process.execPath, [main, '--api', api.url, '--key', api.key, 'feedback', ...words]);
  const file = join(tmpdir(), `mxflow-feedback-${process.pid}.json`);
  await writeFile(file, JSON.stringify({ id: 'ours', ...RULE }));
  await log(api, { reply: '451 4.7.1 too many letters', mxHost: 'mx1.shop.test', times: 6000 });
  const trial = await mxflow('try', '--put', file, '--days', '30');
  expect(trial.stderr).toContain('5000 looked at');
  expect(trial.stdout).toMatch(/ours +0 +6000\n/);
  expect(trial.stdout).toContain('6000 replies looked at');
  expect(JSON.parse((await mxflow('put', 'ours', file)).stdout)).toMatchObject({ id: 'ours', enabled: true });
  await mxflow('disable', 'ours');
  expect((await mxflow('list')).stdout).toMatch(/ours +\*\.shop\.test +5 +rate 60 for 600 s +no +local +0 +never/);
  await expect(mxflow('put', 'other', file, '--before', 'nobody')).rejects.toThrow('409');
  await mxflow('delete', 'ours');
  await expect(mxflow('get', 'ours')).rejects.toThrow('404');
});
