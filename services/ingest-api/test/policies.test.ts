import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import type { PolicyChange, PolicyList, QuarantineSettingsView } from '@mxflow/contracts';
import { DEFAULT_QUARANTINE_SETTINGS } from '@mxflow/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startApi, type TestApi } from './api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api[Symbol.asyncDispose]());

async function call<Body>(method: string, path: string, body?: unknown) {
  const answer = await api.call(method, path, body === undefined ? {} : { body });
  return { status: answer.status, body: answer.body as unknown as Body, errors: answer.body.errors };
}
const policyOf = async (reason: string) =>
  (await call<PolicyList>('GET', '/v1/policies')).body.policies.find((policy) => policy.reason === reason);

test('the policies of a fresh installation are those that operators expect', async () => {
  const { policies } = (await call<PolicyList>('GET', '/v1/policies')).body;
  expect(policies.map(({ reason, quarantineAt, releaseDays }) => [reason, quarantineAt, releaseDays])).toEqual([
    ['user-unknown', 1, null],
    ['mailbox-full', 3, 30],
    ['inactive-user', 3, null],
    ['invalid-domain', 3, null],
    ['refused', null, null],
    ['unreachable', 5, null],
    ['not-defined', null, null],
  ]);
});

test("an operator's policy is tried, laid over the set's, and taken away", async () => {
  await api.database.client.$executeRawUnsafe(
    `INSERT INTO quarantine (address, status, error_count, reason)
     SELECT reason || n || status || '@shop.test', status::quarantine_status, n, reason
     FROM generate_series(1, 4) n, (VALUES ('with-errors'), ('quarantined')) s(status), (VALUES ('mailbox-full'), ('refused')) r(reason)`,
  );
  const body = { quarantineAt: 4, releaseDays: 60 };
  const expected = {
    before: { quarantineAt: 3, releaseDays: 30, origin: 'bundled' },
    after: { quarantineAt: 4, releaseDays: 60, origin: 'local' },
    addresses: { before: { quarantined: 4, atNextError: 3 }, after: { quarantined: 4, atNextError: 2 } },
  };
  const tried = await call<PolicyChange>('PUT', '/v1/policies/mailbox-full?dryRun=true', body);
  expect(tried.body).toMatchObject({ ...expected, dryRun: true });
  expect(await policyOf('mailbox-full')).toMatchObject(expected.before);
  const made = await call<PolicyChange>('PUT', '/v1/policies/mailbox-full', body);
  expect(made.body).toMatchObject({ ...expected, dryRun: false });
  expect(await policyOf('mailbox-full')).toMatchObject(expected.after);
  const never = await call<PolicyChange>('PUT', '/v1/policies/mailbox-full?dryRun=true', {
    quarantineAt: null,
    releaseDays: null,
  });
  expect(never.body.addresses.after.atNextError).toBe(0);
  expect((await call('DELETE', '/v1/policies/mailbox-full?dryRun=true')).body).toMatchObject({
    after: expected.before,
  });
  expect((await call('DELETE', '/v1/policies/mailbox-full')).status).toBe(200);
  expect(await policyOf('mailbox-full')).toMatchObject(expected.before);
  expect((await call('DELETE', '/v1/policies/mailbox-full')).status).toBe(404);
});

test.for([
  ['PUT', '/v1/policies/bored', { quarantineAt: 1, releaseDays: null }, 404],
  ['PUT', '/v1/policies/ignored', { quarantineAt: 1, releaseDays: null }, 404],
  ['PUT', '/v1/policies/refused', { quarantineAt: 0, releaseDays: null }, 422],
  ['PUT', '/v1/policies/refused', { quarantineAt: 1 }, 422],
  ['PATCH', '/v1/quarantine-settings', { guardFactor: 1 }, 422],
  ['PATCH', '/v1/quarantine-settings', { resetDays: 'soon' }, 422],
  ['PATCH', '/v1/quarantine-settings', { resetDay: 10 }, 422],
] as const)('refused: %s %s %o', async ([method, path, body, status]) => {
  expect((await call(method, path, body)).status).toBe(status);
});

test('settings are tried and changed; what is not named stays', async () => {
  const settings = '/v1/quarantine-settings';
  const wanted = { ...DEFAULT_QUARANTINE_SETTINGS, resetDays: 14, complaintDenylists: false };
  const body = { resetDays: 14, complaintDenylists: false };
  expect((await call('PATCH', `${settings}?dryRun=true`, body)).body).toEqual(wanted);
  expect((await call('GET', settings)).body).toEqual(DEFAULT_QUARANTINE_SETTINGS);
  expect((await call('PATCH', settings, body)).body).toEqual(wanted);
  expect((await call<QuarantineSettingsView>('GET', settings)).body).toEqual(wanted);
});

// Many processes, one after the other.
test('the command line does the same', { timeout: 120_000 }, async () => {
  const main = new URL('../../../packages/cli/src/main.ts', import.meta.url).pathname;
  const mxflow = async (...words: readonly string[]) =>
    (await promisify(execFile)(process.execPath, [main, '--api', api.url, '--key', api.key, 'policies', ...words]))
      .stdout;
  const set = ['set', 'refused', '--quarantine-at', '9', '--release-days', 'none'];
  expect(await mxflow(...set, '--dry-run')).toContain('nothing was changed');
  expect(await mxflow('list')).toMatch(/refused +never +not by itself +bundled/);
  expect(await mxflow(...set)).toMatch(/after +refused +9 +not by itself +local/);
  expect(await mxflow('list')).toMatch(/refused +9 +not by itself +local/);
  await mxflow('reset', 'refused');
  expect(await mxflow('list')).toMatch(/refused +never/);
  const often = mxflow('set', 'refused', '--quarantine-at', 'often', '--release-days', '1');
  await expect(often).rejects.toThrow('Expected a whole number, or never');
  expect(JSON.parse(await mxflow('settings', 'resetDays=21', 'complaintDenylists=true'))).toMatchObject({
    resetDays: 21,
  });
  expect(JSON.parse(await mxflow('settings'))).toMatchObject({ resetDays: 21, complaintDenylists: true });
});
