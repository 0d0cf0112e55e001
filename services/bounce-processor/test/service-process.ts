import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { bareEnvironment } from '@mxflow/infra/testing';

import { environmentOf, type LogLine } from './service-in-process.ts';
import type { TestWorld } from './world.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export type ServiceProcess = AsyncDisposable & {
  readonly lines: readonly LogLine[];
  /** SIGKILL. */
  readonly kill: () => Promise<void>;
};

/** The service as a process of its own, with its log kept. */
export function startProcess(world: TestWorld, settings: Readonly<Record<string, string>> = {}): ServiceProcess {
  const env = { ...bareEnvironment(), ...environmentOf(world, settings) };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: LogLine[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as LogLine));
  const ended = once(child, 'close');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return { lines, kill, [Symbol.asyncDispose]: kill };
}
