import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { Logger } from '@mxflow/telemetry';

/** A few signs of life within the time: one alone may come late on a busy machine. */
const SIGNS_PER_LIMIT = 8;

/**
 * Starts a process that ends this one when it stalls: its slots are then proven free at once, where those of a worker
 * that is merely silent are held for as long as a provider may be counting them.
 *
 * @param limitMs without a sign of life for so long, the worker is ended by SIGKILL.
 */
export function startWatchdog(limitMs: number, logger: Logger): Disposable {
  const file = fileURLToPath(new URL('./watchdog-main.ts', import.meta.url));
  const argv = ['--max-old-space-size=16', file, String(process.pid), String(limitMs)];
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'ignore', 'ignore'], env: {} });
  const { stdin } = child;
  // A watchdog that died is told of, not mourned: the worker goes on without.
  child.on('exit', (code, signal) => logger.warn({ code, signal }, 'the watchdog ended'));
  child.on('error', (err) => logger.warn({ err }, 'the watchdog could not be started'));
  stdin.on('error', () => {});
  const timer = setInterval(() => stdin.write('.'), limitMs / SIGNS_PER_LIMIT);
  timer.unref();
  child.unref();
  (stdin as unknown as { unref?: () => void }).unref?.();
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      child.removeAllListeners('exit');
      stdin.end();
    },
  };
}
