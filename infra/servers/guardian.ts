import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

import type { ProcessIdentity } from './process-identity.ts';

/** What the launcher tells its guardian, one JSON document a line. */
export type GuardianOrder =
  /** Should the launcher vanish, end this process: by `signal` first, and by SIGKILL when it takes too long. */
  | { readonly kind: 'guard'; readonly process: ProcessIdentity; readonly signal: NodeJS.Signals }
  /** The launcher ended it itself. */
  | { readonly kind: 'release'; readonly process: ProcessIdentity }
  /** Should the launcher vanish, remove this folder after all processes. */
  | { readonly kind: 'guard-folder'; readonly folder: string }
  | { readonly kind: 'release-folder'; readonly folder: string };

let pipe: Writable | undefined;

/**
 * Tells the guardian, which is started with the first order: a process of its own session that holds a pipe to this
 * one. When the pipe closes, however this process ended (`kill -9` too), the guardian ends what is still guarded,
 * last started first, and removes the folders.
 */
export function tellGuardian(order: GuardianOrder): void {
  if (pipe === undefined) {
    pipe = startGuardian();
    endWithBootstrap();
  }
  pipe.write(`${JSON.stringify(order)}\n`);
}

function startGuardian(): Writable {
  const file = fileURLToPath(new URL('guardian-main.ts', import.meta.url));
  const child = spawn(process.execPath, [file], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  // Neither the guardian nor its pipe keeps the launcher from ending.
  child.unref();
  (child.stdin as Writable & { unref?: () => void }).unref?.();
  // A guardian that was killed is no reason to fail: the next start sweeps what it would have ended.
  child.stdin.on('error', () => {});
  return child.stdin;
}

const parentPollMs = 500;

/**
 * `npm start` is a chain of processes of which this one is the last. When the one above it is killed, no signal
 * comes down; this process then ends as if interrupted.
 */
function endWithBootstrap(): void {
  const { ppid } = process;
  if (process.env['MXFLOW_BOOTSTRAP'] !== String(ppid)) return;
  const timer = setInterval(() => {
    if (process.ppid === ppid) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, parentPollMs);
  timer.unref();
}
