import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { listeningPort } from '@mxflow/infra/testing';

import { call, SECRET, type Call } from './hub.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A hub as a process of its own, with a rule set to serve. */
export type HubProcess = AsyncDisposable & {
  readonly url: string;
  readonly call: Call;
  /** SIGKILL, and wait until it is gone. */
  readonly kill: () => Promise<void>;
};

export async function startHubProcess(databaseUrl: string, key: string): Promise<HubProcess> {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: databaseUrl,
      MXFLOW_SECRET: SECRET,
      MXFLOW_HUB_PORT: '0',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exit;
  };
  await using starting = new AsyncDisposableStack();
  starting.defer(end);
  const url = `http://127.0.0.1:${await listeningPort(child)}`;
  // It listens before it has loaded a rule set: that may have to wait for Postgres.
  while ((await call(url, { method: 'GET', path: '/v1/rule-set', key })).status === 503) await pause(50);
  starting.move();
  return {
    url,
    call: (method, path, options = {}) => call(url, { key, ...options, method, path }),
    kill: end,
    [Symbol.asyncDispose]: end,
  };
}
