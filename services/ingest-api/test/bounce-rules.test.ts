import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { DEFAULT_RULES } from '@mxflow/bounce';
import type { BounceRuleList, BounceRuleView, BounceTrial, ReadingExplanation, RuleFindings } from '@mxflow/contracts';
import { readBounceRules } from '@mxflow/db';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startApi, type TestApi } from './api.ts';

const BASE = '/v1/bounce-rules';
const RULE = {
  pattern: 'the parrot (is dead|has died)',
  where: ['reply', 'diagnostic'],
  conditions: { replyCodes: ['5'] },
  reason: 'user-unknown',
  type: 'hard',
  detail: 'user-unknown',
  matches: ['550 5.1.0 The parrot is dead'],
  leaves: ['550 the parrot sleeps'],
};

let api: TestApi;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api[Symbol.asyncDispose]());

/** Answers of the routes under test, by their contract. */
async function call<Body>(method: string, path: string, body?: unknown) {
  const answer = await api.call(method, path, body === undefined ? {} : { body });
  return { status: answer.status, body: answer.body as unknown as Body, errors: answer.body.errors };
}
const list = async () => (await call<BounceRuleList>('GET', BASE)).body.rules;
const explained = async (reply: string) => (await call<ReadingExplanation>('POST', `${BASE}/explain`, { reply })).body;

async function log({ reply, times }: { reply: string; times: number }): Promise<void> {
  await api.database.client.$executeRawUnsafe(
    `INSERT INTO delivery_log (message_id, job_id, attempt, status, reply, mx_host, address)
     SELECT n, 1, 1, 'failed', replace($1, '%', n::text), 'mx.shop.test', 'a@shop.test'
     FROM generate_series(1, $2::int) n`,
    reply,
    times,
  );
}

test('bounce rules are listed, laid over, switched off, ordered and taken back; the next reading goes by them', async () => {
  expect((await list()).map(({ id }) => id)).toEqual(DEFAULT_RULES.map(({ id }) => id));
  const text = '550 sorry, the parrot has died';
  expect(await explained(text)).toMatchObject({ suggestedPattern: expect.stringContaining('the parrot has died') });
  expect(await explained(text)).not.toHaveProperty('rule');
  expect(await call('PUT', `${BASE}/Parrot`, RULE)).toMatchObject({
    status: 200,
    body: { id: 'Parrot', origin: 'local', enabled: true, hits: 0, conditions: RULE.conditions },
  });
  expect(await explained(text)).toMatchObject({ reason: 'user-unknown', type: 'hard', rule: 'Parrot', replyCode: 550 });
  expect((await explained(text)).because).toContain('rule Parrot matched the reply');
  const [taken] = DEFAULT_RULES;
  const id = taken?.id ?? '';
  expect((await call('PUT', `${BASE}/${id}`, RULE)).status).toBe(200);
  expect((await list())[1]).toMatchObject({ id, pattern: RULE.pattern, origin: 'local' });
  expect((await call('DELETE', `${BASE}/${id}`)).status).toBe(204);
  expect((await list())[1]).toMatchObject({ id, pattern: taken?.pattern, origin: 'bundled' });
  expect((await call('DELETE', `${BASE}/${id}`)).status).toBe(409);
  expect((await call<BounceRuleView>('POST', `${BASE}/Parrot/disable`)).body.enabled).toBe(false);
  expect(await explained(text)).not.toHaveProperty('rule');
  expect((await readBounceRules(api.database)).rules.map((rule) => rule.id)).not.toContain('Parrot');
  await call('POST', `${BASE}/Parrot/enable`);
  expect((await call('PUT', `${BASE}/Second`, RULE)).status).toBe(200);
  expect((await call('PUT', `${BASE}/order`, { ids: ['Parrot', 'Second'] })).status).toBe(204);
  expect((await call<RuleFindings>('GET', `${BASE}/lint`)).body.findings).toContainEqual(
    expect.objectContaining({ kind: 'duplicate', ruleId: 'Second' }),
  );
  expect((await call('PUT', `${BASE}/order`, { ids: ['Second'] })).status).toBe(409);
  for (const each of ['Parrot', 'Second']) expect((await call('DELETE', `${BASE}/${each}`)).status).toBe(204);
});

test.for([
  ['a pattern that RE2 cannot run', { pattern: 'a(?=b)' }, '/pattern'],
  ['a pattern that would blow up', { pattern: 'parrot.{0,900}dead' }, '/pattern'],
  ['an example that does not match', { matches: [...RULE.matches, '550 no'] }, '/matches/1'],
  ['an example that its conditions rule out', { matches: ['450 the parrot is dead'] }, '/matches/0'],
  ['an example that must not match', { leaves: ['550 the parrot has died'] }, '/leaves/0'],
  ['no example', { leaves: [] }, '/leaves'],
  ['a place that does not exist', { where: ['reply', 'attachment'] }, '/where/1'],
  ['a reason that does not exist', { reason: 'bored' }, '/reason'],
  ['a detail that does not exist', { detail: 'bored' }, '/detail'],
  ['a mailbox that is full for good', { reason: 'mailbox-full', type: 'hard' }, '/type'],
  ['a code that is none', { conditions: { replyCodes: ['5', '5x'] } }, '/conditions/replyCodes/1'],
  ['a status that is none', { conditions: { enhancedStatuses: ['9.1'] } }, '/conditions/enhancedStatuses/0'],
  ['a mask with a star inside', { conditions: { mxMasks: ['mx*.test'] } }, '/conditions/mxMasks/0'],
  ['a field of another name', { exapmles: [] }, '/exapmles'],
] as const)('refused by name: %s', async ([, change, pointer]) => {
  const { status, errors } = await call('PUT', `${BASE}/Odd`, { ...RULE, ...change });
  expect({ status, pointers: errors.map((fault) => fault.pointer) }).toMatchObject({ status: 422 });
  expect(errors.map((fault) => fault.pointer)).toContain(pointer);
  const trial = await call('POST', `${BASE}/dry-run`, { put: { id: 'Odd', ...RULE, ...change } });
  expect(trial.errors.map((fault) => fault.pointer)).toContain(`/put${pointer}`);
  expect((await call('GET', `${BASE}/Odd`)).status).toBe(404);
});

test('a dry run tells which logged failures would be read otherwise, and changes nothing', async () => {
  await log({ reply: '550 5.9.9 the parrot is dead, ref %0000', times: 5200 });
  await log({ reply: "Inbound email bounce (rule 'Parrot' has matched this bounce)", times: 1 });
  await log({ reply: '550 5.1.1 User unknown', times: 30 });
  const put = { id: 'Parrot', ...RULE };
  const first = (await call<BounceTrial>('POST', `${BASE}/dry-run`, { put })).body;
  const changes = [{ failures: 4969, mxHost: 'mx.shop.test', after: { reason: 'user-unknown', rule: 'Parrot' } }];
  expect(first).toMatchObject({ looked: 5000, changes });
  const last = (await call<BounceTrial>('POST', `${BASE}/dry-run`, { put, cursor: first.next })).body;
  expect(last).toMatchObject({ looked: 231, rules: [{ rule: 'Parrot', now: 0, tried: 231 }] });
  expect(last).not.toHaveProperty('next');
  const unknown = (await explained('550 5.1.1 User unknown')).rule ?? '';
  const off = (await call<BounceTrial>('POST', `${BASE}/dry-run`, { disable: unknown })).body;
  expect(off.rules).toContainEqual({ rule: unknown, now: 30, tried: 0 });
  expect((await call('POST', `${BASE}/dry-run`, { delete: 'Nobody' })).status).toBe(404);
  expect((await call('GET', `${BASE}/Parrot`)).status).toBe(404);
});

test('stored mails are read again, too: what their reports quote comes out by the rule that is tried', async () => {
  const report = (n: number) =>
    [
      'From: MAILER-DAEMON@relay.test',
      'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
      '',
      '--b',
      'Content-Type: message/delivery-status',
      '',
      'Reporting-MTA: dns; relay.test',
      '',
      `Final-Recipient: rfc822; user${n}@shop.test`,
      'Action: failed',
      'Status: 5.0.0',
      `Diagnostic-Code: smtp; 550 the parrot has died, ref ${n}0000`,
      '',
      '--b--',
      '',
    ].join('\r\n');
  for (let n = 1; n <= 250; n += 1) {
    await api.database.client.$executeRawUnsafe(
      `INSERT INTO inbound_mails (came_by, mail_from, rcpt_to, raw, octets, processed_at)
       VALUES ('smtp', '', 'b@r.test', $1, 1, CASE WHEN $2 THEN mxflow_now() END)`,
      Buffer.from(report(n)),
      n > 5,
    );
  }
  const parts: BounceTrial[] = [];
  let cursor: string | undefined;
  do {
    const put = { id: 'Parrot', ...RULE, where: ['diagnostic'] };
    parts.push((await call<BounceTrial>('POST', `${BASE}/dry-run`, { put, cursor })).body);
    cursor = parts.at(-1)?.next;
  } while (cursor !== undefined);
  expect(parts.slice(-2).map(({ looked }) => looked)).toEqual([200, 45]);
  expect(parts.at(-1)?.changes).toMatchObject([
    { failures: 45, text: expect.stringContaining('the parrot has died'), after: { rule: 'Parrot', type: 'hard' } },
  ]);
  await api.database.client.$executeRawUnsafe(`DELETE FROM inbound_mails`);
});

test('each scope opens its own', async () => {
  const reader = await api.issueKey('t', ['bounces:read']);
  expect((await api.call('GET', BASE, { key: reader })).status).toBe(200);
  expect((await api.call('PUT', `${BASE}/Odd`, { key: reader, body: RULE })).status).toBe(403);
  const other = await api.issueKey('t', ['rules:write', 'rules:read', 'quarantine:read']);
  expect((await api.call('GET', BASE, { key: other })).status).toBe(403);
});

// Many processes, one after the other.
test('the command line does the same', { timeout: 120_000 }, async () => {
  const main = new URL('../../../packages/cli/src/main.ts', import.meta.url).pathname;
  const run = async (...words: readonly string[]) =>
    await promisify(execFile)(process.execPath, [main, '--api', api.url, '--key', api.key, ...words]);
  const mxflow = async (...words: readonly string[]) => await run('bounce-rules', ...words);
  const file = join(tmpdir(), `mxflow-bounce-rule-${process.pid}.json`);
  await writeFile(file, JSON.stringify({ id: 'Parrot', ...RULE }));
  await api.database.client.$executeRawUnsafe(`DELETE FROM delivery_log`);
  await log({ reply: '550 5.9.9 the parrot is dead, ref %0000', times: 5200 });
  const trial = await mxflow('try', '--put', file);
  expect(trial.stderr).toContain('5000 looked at');
  expect(trial.stdout).toMatch(/Parrot +0 +5200\n/);
  expect(JSON.parse((await mxflow('put', 'Parrot', file)).stdout)).toMatchObject({ id: 'Parrot', enabled: true });
  expect((await mxflow('list', '--never-hit')).stdout).toMatch(/Parrot +user-unknown +hard .* local +0 +never/);
  const texts = join(tmpdir(), `mxflow-replies-${process.pid}.txt`);
  await writeFile(texts, '550 the parrot is dead\n');
  const classified = await run('classify', '--reply', '--in-force', texts);
  expect(JSON.parse(classified.stdout)).toMatchObject({ reason: 'user-unknown', rule: 'Parrot' });
  expect((await mxflow('explain', '550 the parrot is dead')).stdout).toContain(
    'user-unknown (hard, user-unknown; Parrot)',
  );
  await mxflow('put', 'Second', file);
  await expect(mxflow('lint')).rejects.toMatchObject({ code: 1, stdout: expect.stringContaining('duplicate: Parrot') });
  await mxflow('delete', 'Second');
  await mxflow('delete', 'Parrot');
  await expect(mxflow('get', 'Parrot')).rejects.toThrow('404');
});
