import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { issueApiKey, migrate, openDatabase, SCOPES, type Database } from '@mxflow/db';
import { bareEnvironment, createWorld, listeningPort, type World } from '@mxflow/infra/testing';

import { SECRET } from './api.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A database and a broker that processes under test work on. */
export type Stage = AsyncDisposable & { readonly world: World; readonly database: Database; readonly key: string };

export async function openStage(): Promise<Stage> {
  const world = await createWorld({ templateKey: 'mxflow', prepare: async (url) => void (await migrate(url)) });
  const database = openDatabase(world.databaseUrl, { poolSize: 3 });
  const { key } = await issueApiKey(database, { tenant: 't', name: 'test', scopes: SCOPES });
  return {
    world,
    database,
    key,
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

/** The API as a process of its own. */
export type ApiProcess = AsyncDisposable & {
  readonly url: string;
  readonly pid: number;
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** The most memory it ever held, in megabytes (VmHWM). */
  peakMegabytes(): Promise<number>;
};

export async function startProcess(
  { world }: Stage,
  settings: Readonly<Record<string, string>> = {},
): Promise<ApiProcess> {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      ...bareEnvironment(),
      DATABASE_URL: world.databaseUrl,
      AMQP_URL: world.amqpUrl,
      MXFLOW_SECRET: SECRET,
      MXFLOW_API_PORT: '0',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  const port = await listeningPort(child);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    kill: async () => {
      child.kill('SIGKILL');
      await exit;
    },
    stop: async () => {
      child.kill('SIGTERM');
      return (await exit)[0];
    },
    peakMegabytes: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exit;
    },
  };
}
