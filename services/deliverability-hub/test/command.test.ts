import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { startTestHub } from './hub.ts';

const run = promisify(execFile);
const MAIN = new URL('../../../packages/cli/src/main.ts', import.meta.url).pathname;

test('the command line drafts, checks and publishes, and issues keys', { timeout: 90_000 }, async () => {
  await using hub = await startTestHub();
  await using held = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'mxflow-hub-'));
  held.defer(() => rm(folder, { recursive: true, force: true }));
  const endpoints = join(folder, 'endpoints.json');
  await writeFile(endpoints, JSON.stringify({ hub: hub.url, hubKey: hub.keys.editor }));
  const mxflow = async (...words: readonly string[]): Promise<string> =>
    (await run(process.execPath, [MAIN, '--endpoints', endpoints, 'hub', ...words])).stdout;
  const file = async (value: unknown): Promise<string> => {
    const path = join(folder, 'input.json');
    await writeFile(path, JSON.stringify(value));
    return path;
  };

  const draft = JSON.parse(await mxflow('draft', 'get')) as { content: { domainRules: object[] } };
  const rule = JSON.parse(await mxflow('rules', 'get', 'policies', 'mailbox-full')) as object;
  await mxflow('rules', 'put', 'policies', await file({ ...rule, releaseDays: 14 }));
  // Made of what the draft was before.
  await expect(mxflow('draft', 'put', await file(draft))).rejects.toThrow('412');
  expect(await mxflow('draft', 'diff')).toBe('~ policy mailbox-full /releaseDays: 30 -> 14\n');
  expect(await mxflow('draft', 'validate')).toBe('nothing found\n');
  expect(await mxflow('publish', '--note', 'sooner')).toContain('version 2 is published');
  expect(await mxflow('diff', '2', '1')).toContain('/releaseDays: 30 -> 14');

  const [first] = (await hub.draft()).bounceRules;
  await mxflow('rules', 'put', 'bounce-rules', await file({ ...first, matches: ['250 fine'] }));
  await expect(mxflow('publish', '--note', 'wrong')).rejects.toThrow(`${first?.id} /bounceRules/0/matches/0`);
  const { id, key } = JSON.parse(await mxflow('keys', 'issue', 'shop.example')) as { id: number; key: string };
  expect((await hub.call('GET', '/v1/rule-set', { key })).status).toBe(200);
  await mxflow('keys', 'revoke', String(id));
  expect(await mxflow('keys', 'list')).toMatch(/client +\S+ +\S+ +\d{4}-\S+ +shop\.example/);
  expect(await mxflow('status')).toContain('version 2, published');
});
