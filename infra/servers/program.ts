import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import type { Account } from './account.ts';
import type { StateFolder } from './state-folder.ts';

export type ProgramOrder = {
  readonly file: string;
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly account: Account;
  readonly folder: StateFolder;
  /** Both outputs go there, behind what stands there. */
  readonly logFile: string;
  /** Asks the program to end by itself. */
  readonly stopSignal: NodeJS.Signals;
};

/** A running program, guarded until it ends. */
export type Program = {
  readonly pid: number;
  readonly logFile: string;
  readonly hasEnded: () => boolean;
  /** Null while it runs, and when a signal ended it. */
  readonly exitCode: () => number | null;
  readonly ended: Promise<void>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** By the stop signal, and by SIGKILL when that takes longer than the grace. */
  readonly stop: (graceMs: number) => Promise<void>;
  readonly kill: () => Promise<void>;
};

/** Starts it in a session of its own: an interrupt at the terminal is for the launcher, which ends programs in order. */
export async function startProgram(order: ProgramOrder): Promise<Program> {
  const log = openSync(order.logFile, 'a', 0o600);
  const { account } = order;
  const child = spawn(order.file, order.argv, {
    cwd: order.folder.path,
    env: order.env,
    stdio: ['ignore', log, log],
    detached: true,
    ...(account.kind === 'system' ? { uid: account.uid, gid: account.gid } : {}),
  });
  closeSync(log);
  await once(child, 'spawn');
  const pid = child.pid;
  if (pid === undefined) throw new Error(`expected ${order.file} to have a pid once spawned`);
  const identity = order.folder.guard(pid, order.folder.kept ? order.stopSignal : 'SIGKILL');
  const state = { ended: false };
  const ended = once(child, 'exit').then(() => {
    state.ended = true;
    order.folder.release(identity);
  });
  const signal = (name: NodeJS.Signals): void => {
    if (!state.ended) child.kill(name);
  };
  const kill = async (): Promise<void> => {
    signal('SIGKILL');
    await ended;
  };
  return {
    pid,
    logFile: order.logFile,
    hasEnded: () => state.ended,
    exitCode: () => child.exitCode,
    ended,
    signal,
    kill,
    async stop(graceMs) {
      signal(order.stopSignal);
      const late = new AbortController();
      await Promise.race([ended, pause(graceMs, undefined, { signal: late.signal }).catch(() => {})]);
      late.abort();
      await kill();
    },
  };
}

export class NotReadyError extends Error {
  readonly code = 'MXFLOW_SERVER_NOT_READY';
  constructor(what: string, logFile: string) {
    const log = readFileSync(logFile, 'utf8').trim().split('\n').slice(-15).join('\n');
    super(`expected ${what} to become ready, and found in its log:\n${log}`);
    this.name = 'NotReadyError';
  }
}

const pollMs = 50;

export type Readiness = { readonly isReady: () => Promise<boolean>; readonly withinMs: number };

/** Asks again and again until the answer is yes. Throws when the program ends first, or at the deadline. */
export async function untilReady(what: string, program: Program, { isReady, withinMs }: Readiness): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await isReady())) {
    if (program.hasEnded() || Date.now() > deadline) throw new NotReadyError(what, program.logFile);
    await pause(pollMs);
  }
}
