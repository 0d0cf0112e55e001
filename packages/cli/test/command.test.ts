import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '../src/main.ts');

async function mxflow(argv: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [MAIN, ...argv], { env: { ...process.env, ...environment } });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { stdout, stderr, exitCode: child.exitCode };
}

/** Answers every request with the key that it came with. */
async function startEcho() {
  const server = createServer((request, response) => {
    response.end(JSON.stringify({ level: request.headers.authorization }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => void (await once(server.close(), 'close')),
  };
}

test.for([
  ['an unknown command', ['nonsense'], "unknown command 'nonsense'"],
  ['a missing argument', ['rules', 'explain'], "missing required argument 'domain'"],
  ['a word where a number belongs', ['sync', 'pin', 'six'], 'Expected a whole number'],
  ['a file that is missing', ['quarantine', 'import', '/nowhere.csv'], 'expected a file to read'],
  ['nothing to change', ['sources', 'set', '1'], 'expected --level, --pause or --resume'],
  ['nobody there', ['level'], 'http://127.0.0.1:1 does not answer'],
] as const)('%s ends with 2, and one line says why', async ([, argv, words]) => {
  const { stdout, stderr, exitCode } = await mxflow(['--api', 'http://127.0.0.1:1', '--key', 'k', ...argv]);
  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
  expect(stderr).toContain(words);
  expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
});

test('what is typed goes before the environment, an address before a file', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'mxflow-command-'));
  await using echo = await startEcho();
  const file = join(folder.path, 'endpoints.json');
  await writeFile(file, JSON.stringify({ api: echo.url, apiKey: 'of-the-file' }));
  const environment = { MXFLOW_API: echo.url, MXFLOW_API_KEY: 'of-the-environment' };
  expect((await mxflow(['level'], environment)).stdout).toBe('Bearer of-the-environment\n');
  expect((await mxflow(['level', '--endpoints', file], environment)).stdout).toBe('Bearer of-the-file\n');
  expect((await mxflow(['level', '--endpoints', file, '--key', 'typed'], environment)).stdout).toBe('Bearer typed\n');
});

test('help never shows a key that the environment holds', async () => {
  const { stdout } = await mxflow(['level', '--help'], { MXFLOW_API_KEY: 'a-secret', MXFLOW_HUB_KEY: 'a-secret' });
  expect(stdout).toContain('MXFLOW_API_KEY');
  expect(stdout).not.toContain('a-secret');
});
