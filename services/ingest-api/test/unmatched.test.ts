import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { normaliseText } from '@mxflow/bounce';
import type { BounceRuleView, Qualified, ReadingExplanation, UnmatchedPage, UnmatchedView } from '@mxflow/contracts';
import { countUnmatched } from '@mxflow/db';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { startApi, type TestApi } from './api.ts';

const BASE = '/v1/unmatched';
let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api[Symbol.asyncDispose]());

const PARROTS = '550 5.9.9 <anna@shop.test>: the parrot of this address has left its cage';
const EXAMPLES = [
  [PARROTS, 40, 'reply'],
  ['554 the parrot of this address has left the building, 77112233', 9, 'diagnostic'],
  ['550 quux flarp wibble zonk', 40, 'reply'],
  ['the hovercraft is full of unexpected eels', 3, 'body'],
] as const;

beforeEach(async () => {
  await api.database.client.$executeRawUnsafe(`DELETE FROM unmatched_texts`);
  await api.database.client.$executeRawUnsafe(`DELETE FROM bounce_rules`);
  await countUnmatched(
    api.database,
    EXAMPLES.map(([example, hits, looksAt]) => ({
      text: normaliseText(example),
      example,
      looksAt,
      hits,
      mxHost: 'mx.shop.test',
    })),
  );
});

async function call<Body>(method: string, path: string, body?: unknown) {
  const answer = await api.call(method, path, body === undefined ? {} : { body });
  return { status: answer.status, body: answer.body as unknown as Body, errors: answer.body.errors };
}
const texts = async (query = '') => (await call<UnmatchedPage>('GET', `${BASE}${query}`)).body.texts;
const idOf = async (words: string): Promise<string> =>
  (await texts()).find(({ example }) => example?.includes(words))?.id ?? expect.fail(`no text with ${words}`);

test('texts are listed by how often they come, page after page', async () => {
  expect((await texts()).map(({ hits }) => hits)).toEqual([40, 40, 9, 3]);
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const next = cursor === undefined ? '' : `&cursor=${cursor}`;
    const page = (await call<UnmatchedPage>('GET', `${BASE}?limit=1${next}`)).body;
    seen.push(...page.texts.map(({ id }) => id));
    cursor = page.next;
  } while (cursor !== undefined);
  expect(new Set(seen).size).toBe(4);
  expect(seen).toEqual((await texts()).map(({ id }) => id));
  expect((await call('GET', `${BASE}?cursor=nonsense`)).status).toBe(422);
});

test('a text is kept, ignored and put back', async () => {
  const id = await idOf('quux');
  expect((await call<UnmatchedView>('POST', `${BASE}/${id}/ignore`)).body).toMatchObject({ id, status: 'ignore' });
  expect(await texts()).toHaveLength(3);
  expect((await texts('?status=ignore')).map((text) => text.id)).toEqual([id]);
  await call('POST', `${BASE}/${id}/reopen`);
  expect((await call<UnmatchedView>('POST', `${BASE}/${id.slice(0, 12)}/keep`)).body.status).toBe('keep');
  expect((await call('POST', `${BASE}/${'0'.repeat(64)}/keep`)).status).toBe(404);
});

test('qualifying a text shows what it would take, makes the rule, and the next reply is read by it', async () => {
  const id = await idOf('has left its cage');
  await api.database.client.$executeRawUnsafe(
    `INSERT INTO delivery_log (message_id, job_id, attempt, status, reply, mx_host, address)
     SELECT n, 1, 1, 'failed', $1, 'mx.shop.test', 'a@shop.test' FROM generate_series(1, 12) n`,
    PARROTS,
  );
  const body = { id: 'Parrots', reason: 'inactive-user', type: 'soft', detail: 'suspended' };
  const tried = (await call<Qualified>('POST', `${BASE}/${id}/qualify`, { ...body, dryRun: true })).body;
  expect(tried.rule).toMatchObject({
    pattern: 'the parrot of this address has left its cage',
    where: ['reply', 'diagnostic', 'body'],
    matches: [expect.not.stringContaining('anna')],
  });
  expect(tried.texts.map((text) => text.id)).toEqual([id]);
  expect(tried.failures?.changes).toMatchObject([
    { failures: 12, after: { reason: 'inactive-user', rule: 'Parrots' } },
  ]);
  expect((await call('GET', '/v1/bounce-rules/Parrots')).status).toBe(404);
  expect(await texts()).toHaveLength(4);

  const pattern = 'the parrot of this address has left';
  const made = (await call<Qualified>('POST', `${BASE}/${id}/qualify`, { ...body, pattern })).body;
  expect(made.texts.map(({ hits }) => hits)).toEqual([40, 9]);
  expect((await texts()).map(({ hits }) => hits)).toEqual([40, 3]);
  expect((await call<UnmatchedView>('GET', `${BASE}/${id}`)).body).toMatchObject({
    status: 'qualified',
    rule: 'Parrots',
  });
  expect((await call<BounceRuleView>('GET', '/v1/bounce-rules/Parrots')).body).toMatchObject({
    pattern,
    origin: 'local',
  });
  const { body: read } = await call<ReadingExplanation>('POST', '/v1/bounce-rules/explain', { reply: PARROTS });
  expect(read).toMatchObject({ reason: 'inactive-user', rule: 'Parrots' });
  expect((await call('POST', `${BASE}/${id}/qualify`, body)).status).toBe(409);
  // As if the process had died in between: asked again, the texts are marked, too.
  await api.database.client.$executeRawUnsafe(`UPDATE unmatched_texts SET status = 'to-qualify', rule = NULL`);
  expect((await call('POST', `${BASE}/${id}/qualify`, { ...body, pattern })).status).toBe(200);
  expect((await call<UnmatchedView>('GET', `${BASE}/${id}`)).body).toMatchObject({ rule: 'Parrots' });
});

test('a rule that does not take the text it is made of is refused', async () => {
  const id = await idOf('quux');
  const body = { id: 'Quux', reason: 'refused', type: 'soft', detail: 'policy', pattern: 'something else' };
  const { status, errors } = await call('POST', `${BASE}/${id}/qualify`, body);
  expect({ status, pointers: errors.map(({ pointer }) => pointer) }).toEqual({ status: 422, pointers: ['/matches/0'] });
  expect(await texts()).toHaveLength(4);
});

// Many processes, one after the other.
test('the command line does the same', { timeout: 120_000 }, async () => {
  const main = new URL('../../../packages/cli/src/main.ts', import.meta.url).pathname;
  const mxflow = async (...words: readonly string[]) =>
    (await promisify(execFile)(process.execPath, [main, '--api', api.url, '--key', api.key, 'unmatched', ...words]))
      .stdout;
  const id = (await idOf('has left its cage')).slice(0, 12);
  expect(await mxflow('list')).toContain(`${id}  40`);
  expect(await mxflow('list', '--limit', '1')).toContain('more: --cursor');
  const qualify = ['qualify', id, '--rule', 'Parrots', '--reason', 'inactive-user', '--detail', 'suspended'];
  expect(await mxflow(...qualify, '--dry-run')).toContain('nothing was changed');
  expect(await mxflow(...qualify)).toContain('"id": "Parrots"');
  expect(await mxflow('list', '--status', 'qualified')).toContain(id);
  await mxflow('ignore', await idOf('quux'));
  expect(await mxflow('list')).not.toContain('quux');
});
