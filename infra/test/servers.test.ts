import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

import { Client } from 'pg';
import { expect, test } from 'vitest';

import { openStateFolder, startPostgres } from '../servers/index.ts';
import { identify, isRunning, type ProcessIdentity } from '../servers/process-identity.ts';

const launcher = fileURLToPath(new URL('launcher.ts', import.meta.url));

type Launched = { readonly folder: string; readonly server: ProcessIdentity };

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`expected ${what} within 15 s`);
    await pause(50);
  }
}

test.for(['SIGKILL', 'SIGINT'] as const)('servers and folder go when the launcher is ended by %s', async (signal) => {
  const child = spawn(process.execPath, [launcher], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { folder, server } = JSON.parse(line) as Launched;
  expect(isRunning(server)).toBe(true);
  child.kill(signal);
  await until('the server to end', () => !isRunning(server));
  await until('the folder to be removed', () => !existsSync(folder));
});

test('a server that was killed comes back at its address with what was committed', async () => {
  await using folder = openStateFolder();
  await using postgres = await startPostgres({ folder, durability: 'process-death' });
  const before = postgres.pid();
  await run(postgres.url, 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS n');
  await postgres.kill();
  expect(identify(before)).toBeUndefined();
  await postgres.restart();
  expect(await run(postgres.url, 'SELECT count(*)::int AS n FROM t')).toEqual([{ n: 1000 }]);
});

async function run(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
