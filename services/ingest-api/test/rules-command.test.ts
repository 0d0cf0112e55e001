import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { loadBundledRules, registerSources } from '@mxflow/db';
import { DEFAULT_MX_RULES } from '@mxflow/domain';
import { expect, test } from 'vitest';

import { startApi } from './api.ts';

const run = promisify(execFile);
const MAIN = new URL('../../../packages/cli/src/main.ts', import.meta.url).pathname;

test('the command line edits and explains rules, sets levels and sources', { timeout: 60_000 }, async () => {
  await using api = await startApi();
  await loadBundledRules(api.database);
  await registerSources(api.database, [
    { publicId: 1, publicIp: '192.0.2.1', heloName: 'mta.example', weight: 1, pools: ['default'] },
  ]);
  const mxflow = async (...words: readonly string[]): Promise<string> =>
    (await run(process.execPath, [MAIN, '--api', api.url, '--key', api.key, ...words])).stdout;
  expect(await mxflow('rules', 'list')).toMatch(/gmail +\*\.google\.com +all +yes +2 +50 +3000 +bundled/);
  const { id: _id, origin: _origin, ...body } = DEFAULT_MX_RULES[0] ?? expect.fail('no rules');
  const file = join(tmpdir(), `mxflow-rule-${process.pid}.json`);
  await writeFile(file, JSON.stringify({ ...body, mask: '*.ours.test' }));
  expect(JSON.parse(await mxflow('rules', 'set', 'ours', file, '--before', 'any'))).toMatchObject({ id: 'ours' });
  expect(await mxflow('rules', 'explain', 'mx.ours.test', '--host')).toContain('rule ours at normal: 2 connections');
  expect(await mxflow('rules', 'lint')).toBe('nothing found\n');
  expect(await mxflow('rules', 'dry-run', '--level', 'slow')).toContain('0 changes, 0 looked at');
  expect(await mxflow('level', 'set', 'fast')).toBe('fast\n');
  expect(await mxflow('level')).toBe('fast\n');
  await mxflow('sources', 'set', '1', '--level', 'slow', '--pause');
  await mxflow('sources', 'ramp', '1', '--days', '3');
  expect(await mxflow('sources', 'list')).toMatch(/mta\.example +1 +default +slow +yes +up to boost/);
  await expect(mxflow('rules', 'set', 'ours', file, '--before', 'nobody')).rejects.toThrow(
    'the one that `before` names',
  );
  await expect(mxflow('rules', 'get', 'nobody')).rejects.toThrow('asked for /v1/rules/nobody');
  await expect(mxflow('rules', 'delete', 'any')).rejects.toThrow('stays last');
});
