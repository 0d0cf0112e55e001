import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type {
  ImportReport,
  QuarantineExplanation,
  QuarantineHistory,
  QuarantinePage,
  Released,
} from '@mxflow/contracts';
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

async function call<Body>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await api.call(method, path, body === undefined ? {} : { body, headers });
  return { status: answer.status, body: answer.body as unknown as Body, errors: answer.body.errors };
}
const explained = async (address: string) =>
  (await call<QuarantineExplanation>('GET', `${BASE}/addresses/${encodeURIComponent(address)}`)).body;
const importCsv = async (csv: string, query = '') =>
  await call<ImportReport>('POST', `${BASE}/import${query}`, csv, { 'content-type': 'text/csv' });
const statusOf = async (address: string) => (await explained(address)).entry?.status;

test('an address that a server called unknown is explained: entry, rule, text, policy, message', async () => {
  const job = await fail(api.database, { addresses: ['Anna@shop.test'], siteId });
  const facts = await explained('ANNA@shop.test');
  expect(facts).toMatchObject({
    address: 'anna@shop.test',
    barred: true,
    entry: { status: 'quarantined', errors: 1, reason: 'user-unknown', rule: 'Address_unknown', site: siteId },
    policy: { reason: 'user-unknown', quarantineAt: 1, releaseDays: null },
    history: [
      {
        cause: 'error',
        before: { status: 'valid' },
        after: { status: 'quarantined', errors: 1 },
        message: `${job}-0`,
        undone: false,
      },
    ],
  });
  expect(facts.why).toMatch(/in quarantine since .* by the bounce rule Address_unknown, which read: 550 5\.1\.1/);
  expect(await explained('nobody@shop.test')).toMatchObject({
    barred: false,
    why: expect.stringContaining('gets mail'),
  });
  expect((await call('GET', `${BASE}/addresses/nonsense`)).status).toBe(422);
});

test('a person says where an address stands; the history keeps who and why', async () => {
  const path = `${BASE}/addresses/${encodeURIComponent('bob+x/y@shop.test')}`;
  const body = { status: 'denylisted', note: 'asked us by telephone' };
  expect((await call('PUT', path, { ...body, dryRun: true })).body).toMatchObject({ added: 1, dryRun: true });
  expect(await statusOf('bob+x/y@shop.test')).toBeUndefined();
  expect((await call('PUT', path, body)).body).toMatchObject({ added: 1, dryRun: false });
  expect(await explained('bob+x/y@shop.test')).toMatchObject({
    barred: true,
    why: expect.stringContaining('by telephone'),
  });
  expect((await call('PUT', path, { status: 'allow-listed' })).body).toMatchObject({ changed: 1 });
  const { changes } = (await call<QuarantineHistory>('GET', `${path}/history`)).body;
  expect(changes.map(({ cause, actor, after }) => [cause, actor, after.status])).toEqual([
    ['edit', expect.stringMatching(/^key \d+$/), 'allow-listed'],
    ['edit', expect.stringMatching(/^key \d+$/), 'denylisted'],
  ]);
  expect((await call('PUT', path, { status: 'valid', releaseDays: 3 })).errors).toMatchObject([
    { pointer: '/releaseDays' },
  ]);
  await call('PUT', path, { status: 'quarantined', releaseDays: 3 });
  const { releaseAt = '' } = (await explained('bob+x/y@shop.test')).entry ?? {};
  expect(Date.parse(releaseAt) - Date.now()).toBeGreaterThan(2.9 * 86_400_000);
});

test('a long history is told in its order, page after page', async () => {
  const path = `${BASE}/addresses/cy@shop.test`;
  const statuses = Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? 'denylisted' : 'allow-listed'));
  for (const status of statuses) await call('PUT', path, { status });
  const seen: string[] = [];
  let next: string | undefined;
  do {
    const cursor = next === undefined ? '' : `&cursor=${next}`;
    const page = (await call<QuarantineHistory>('GET', `${path}/history?limit=5${cursor}`)).body;
    seen.push(...page.changes.map(({ id }) => id));
    next = page.next;
  } while (next !== undefined);
  expect(seen).toHaveLength(12);
  expect(seen).toEqual(seen.toSorted((one, other) => Number(other) - Number(one)));
});

test('addresses are listed by a filter, page after page', async () => {
  await fail(api.database, { addresses: ['a@shop.test', 'b@shop.test', 'c@other.test'], siteId });
  const listed = async (query: string) =>
    (await call<QuarantinePage>('GET', `${BASE}?${query}`)).body.addresses.map(({ address }) => address);
  expect(await listed('domain=shop.test')).toEqual(['a@shop.test', 'b@shop.test']);
  expect(await listed('text=USER+unknown&site=shop.test')).toEqual(['a@shop.test', 'b@shop.test', 'c@other.test']);
  expect(await listed('reason=mailbox-full')).toEqual([]);
  expect(await listed(`from=${new Date(Date.now() + 60_000).toISOString()}`)).toEqual([]);
  const first = (await call<QuarantinePage>('GET', `${BASE}?limit=2`)).body;
  expect(await listed(`limit=2&cursor=${first.next}`)).toEqual(['c@other.test']);
  expect((await call('GET', `${BASE}?site=unheard.test`)).status).toBe(404);
  expect((await call('GET', `${BASE}?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z`)).status).toBe(422);
});

test('a bulk release frees what the filter names, after a dry run that frees nothing', async () => {
  await fail(api.database, { addresses: ['a@shop.test', 'b@shop.test', 'c@other.test'], siteId });
  const release = async (body: object) => await call<Released>('POST', `${BASE}/release`, body);
  const filter = { domain: 'shop.test', text: 'user unknown' };
  expect((await release({ ...filter, dryRun: true })).body).toMatchObject({
    released: 2,
    sample: ['a@shop.test', 'b@shop.test'],
  });
  expect(await statusOf('a@shop.test')).toBe('quarantined');
  expect((await release(filter)).body).toMatchObject({ released: 2, dryRun: false });
  expect([await statusOf('a@shop.test'), await statusOf('c@other.test')]).toEqual(['valid', 'quarantined']);
  expect((await release({ dryRun: false })).status).toBe(422);
  expect((await release({ status: 'allow-listed' })).errors).toMatchObject([{ pointer: '/status' }]);
});

test('an export comes back as it went, whatever stands in it', async () => {
  const wild = '=HYPERLINK("http://evil.test"), "two"\nlines';
  await call('PUT', `${BASE}/addresses/${encodeURIComponent('+tag@shop.test')}`, { status: 'denylisted', note: wild });
  await call('PUT', `${BASE}/addresses/ann@shop.test`, {
    status: 'quarantined',
    reason: 'mailbox-full',
    errors: 3,
    releaseDays: 30,
  });
  const exported = await api.call('GET', `${BASE}/export`);
  expect(exported.headers.get('content-type')).toContain('text/csv');
  const csv = exported.body as unknown as string;
  expect(csv).toContain(`'=HYPERLINK`);
  expect(csv).toContain(`'+tag@shop.test`);
  const before = (await call<QuarantinePage>('GET', BASE)).body.addresses;
  await api.database.client.$executeRawUnsafe(`DELETE FROM quarantine`);
  expect((await importCsv(csv)).body).toMatchObject({ rows: 2, added: 2, faults: { count: 0 } });
  const unmoved = ({ changedAt: _changedAt, ...entry }: (typeof before)[number]) => entry;
  expect((await call<QuarantinePage>('GET', BASE)).body.addresses.map(unmoved)).toEqual(before.map(unmoved));
  expect((await importCsv(csv)).body).toMatchObject({ added: 0, unchanged: 2 });
  // Faults without a sound row between them are counted, and not gathered.
  const broken = await importCsv(`address,text\n${'a"b,c\n'.repeat(3000)}last@example.com,t\n`);
  expect(broken.body).toMatchObject({ rows: 3001, added: 1, faults: { count: 3000, first: { length: 50 } } });
});

test('an import passes over what is faulty, and tells where', async () => {
  const csv = [
    'address,status,errors,reason,release_at',
    'a@shop.test,denylisted,,,',
    'not an address,denylisted,,,',
    'b@shop.test,asleep,,,',
    'c@shop.test,quarantined,many,,',
    '',
    'd@shop.test,quarantined,2,bored,',
    'e@shop.test,quarantined',
    'f@shop.test,quarantined,,,tomorrow',
    'G@Shop.test,,,user-unknown,2030-01-01T00:00:00Z',
  ].join('\r\n');
  const expected = { rows: 8, added: 2, changed: 0, unchanged: 0 };
  const tried = (await importCsv(`\uFEFF${csv}`, '?dryRun=true')).body;
  expect(tried).toMatchObject({ ...expected, dryRun: true, faults: { count: 6 } });
  expect(tried.faults.first.map(({ line, column }) => [line, column])).toEqual([
    [3, 'address'],
    [4, 'status'],
    [5, 'errors'],
    [7, 'reason'],
    [8, 'row'],
    [9, 'release_at'],
  ]);
  expect(await statusOf('a@shop.test')).toBeUndefined();
  expect((await importCsv(csv)).body).toMatchObject({ ...expected, dryRun: false });
  expect((await explained('g@shop.test')).entry).toMatchObject({
    status: 'quarantined',
    releaseAt: '2030-01-01T00:00:00.000Z',
  });
  expect((await importCsv('a@shop.test\nb@shop.test')).status).toBe(422);
  expect((await importCsv('')).status).toBe(422);
  expect((await importCsv('address\nx@shop.test', '?status=asleep')).status).toBe(422);
  expect((await call('POST', `${BASE}/import`, { address: 'x@shop.test' })).status).toBe(415);
});

test('rows that are no CSV end neither the import nor the memory', async () => {
  const rows = Array.from({ length: 3000 }, (_, n) => `u${n}@shop.test`);
  rows[1500] = `"${'x'.repeat(50_000)}`;
  const { status, body } = await importCsv(`address\n${rows.join('\n')}\n`);
  expect({ status, added: body.added > 1400, faults: body.faults.count > 0 }).toEqual({
    status: 200,
    added: true,
    faults: true,
  });
});

test('who may only read cannot write, and rules are another matter', async () => {
  const reader = await api.issueKey('t', ['quarantine:read']);
  expect((await api.call('GET', BASE, { key: reader })).status).toBe(200);
  expect((await api.call('POST', `${BASE}/release`, { key: reader, body: { domain: 'a.test' } })).status).toBe(403);
  const other = await api.issueKey('t', ['bounces:write', 'jobs:read']);
  expect((await api.call('GET', `${BASE}/addresses/a@shop.test`, { key: other })).status).toBe(403);
});

// Many processes, one after the other.
test('the command line does the same', { timeout: 120_000 }, async () => {
  const main = new URL('../../../packages/cli/src/main.ts', import.meta.url).pathname;
  const mxflow = async (...words: readonly string[]) =>
    (await promisify(execFile)(process.execPath, [main, '--api', api.url, '--key', api.key, 'quarantine', ...words]))
      .stdout;
  const file = join(tmpdir(), `mxflow-quarantine-${process.pid}.csv`);
  await fail(api.database, { addresses: ['a@shop.test', 'b@shop.test'], siteId });
  expect(await mxflow('explain', 'a@shop.test')).toMatch(/a@shop\.test: gets no mail\nin quarantine since/);
  expect(await mxflow('list', '--domain', 'shop.test')).toMatch(
    /a@shop\.test +quarantined +1 +user-unknown +Address_unknown/,
  );
  await mxflow('set', 'c@shop.test', 'denylisted', '--note', 'by letter');
  await mxflow('export', file);
  expect(await mxflow('import', file)).toContain('0 added, 0 changed, 3 unchanged');
  expect(await mxflow('list', '--rule', 'Address_unknown')).toContain('b@shop.test');
  await mxflow('export', file, '--status', 'denylisted');
  expect(await readFile(file, 'utf8')).toMatch(/^address,.*\nc@shop\.test,denylisted,0,,,by letter,/);
  await writeFile(file, 'address\nd@shop.test\ne@shop.test\n');
  expect(await mxflow('import', file, '--dry-run')).toBe(
    '2 rows: 2 added, 0 changed, 0 unchanged, 0 faulty; nothing was changed\n',
  );
  expect(await mxflow('import', file, '--status', 'allow-listed')).toContain('2 added');
  await writeFile(file, 'address\nnobody\n');
  await expect(mxflow('import', file)).rejects.toMatchObject({ code: 1, stdout: expect.stringContaining('1 faulty') });
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const to = new Date(Date.now() + 3_600_000).toISOString();
  expect(await mxflow('undo', '--from', from, '--to', to, '--dry-run')).toMatch(
    /^2 addresses would stand where they stood/,
  );
  expect(await mxflow('release', '--text', 'user unknown')).toMatch(/^2 addresses released\n {2}a@shop\.test/);
  await siteOf(api.database, 'customer.test', 'hosts.test');
  expect(await mxflow('undo', '--from', from, '--to', to, '--provider', 'hosts.test', '--dry-run')).toMatch(
    /^0 addresses would stand where they stood/,
  );
  expect(await mxflow('held', 'list', '--provider', 'hosts.test')).toContain('provider');
  expect(await mxflow('held', 'drop', '--dry-run')).toBe('0 errors would be dropped\n');
});
