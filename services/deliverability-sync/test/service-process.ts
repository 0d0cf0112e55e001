import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { SECRET } from './hub.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** The service as a process of its own, which does not outlive the test. */
export function startService(environment: Readonly<Record<string, string>>) {
  const env = { MXFLOW_SECRET: SECRET, MXFLOW_LOG_LEVEL: 'warn', ...environment };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = once(child, 'close');
  const end = async (signal: NodeJS.Signals): Promise<readonly unknown[]> => {
    child.kill(signal);
    return await ended;
  };
  return { end, [Symbol.asyncDispose]: async () => void (await end('SIGKILL')) };
}
