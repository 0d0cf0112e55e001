import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { command } from './command.ts';
import { stateFolder } from './state-folder.ts';

/** A dockerd that belongs to this run. Its images are kept for the next one; everything else goes with it. */
export type OwnEngine = AsyncDisposable & {
  readonly pid: number;
  readonly host: string;
  readonly logFile: string;
};

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 40_000;
const SHOWN_LOG_LINES = 8;

/** Tries the kernel's overlay first; vfs copies every layer, and works everywhere. */
export async function startOwnEngine(): Promise<OwnEngine> {
  await endAbandonedEngine();
  try {
    return await start([]);
  } catch (error) {
    if (!String(error).includes('driver')) throw error;
    return await start(['--storage-driver=vfs']);
  }
}

async function start(storage: readonly string[]): Promise<OwnEngine> {
  const folder = folderOf(process.pid);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const data = join(stateFolder(), 'engine');
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const logFile = join(stateFolder(), 'dockerd.log');
  const socket = join(folder, 'docker.sock');
  const log = openSync(logFile, 'w');
  const argv = [
    `--host=unix://${socket}`,
    `--data-root=${data}`,
    `--exec-root=${join(folder, 'exec')}`,
    `--pidfile=${join(folder, 'dockerd.pid')}`,
    // The machine's own network stays as it is: no bridge, no filter rules, no forwarding that would outlive this run.
    '--bridge=none',
    '--iptables=false',
    '--ip-forward=false',
    '--log-level=warn',
    ...storage,
  ];
  // A group of its own: an interrupt at the terminal must reach the stories first, which still need it to clean up.
  const child = spawn('dockerd', argv, { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  writeFileSync(traceFile(), JSON.stringify({ launcher: process.pid, engine: child.pid ?? 0 } satisfies Trace));
  const stopped = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await Promise.race([stopped, sleep(STOP_WITHIN_MS, undefined, { ref: false }).then(() => child.kill('SIGKILL'))]);
    await removeFolder(folder);
    rmSync(traceFile(), { force: true });
  };
  try {
    await untilAnswers(socket, child, logFile);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: child.pid ?? 0, host: `unix://${socket}`, logFile, [Symbol.asyncDispose]: stop };
}

async function untilAnswers(socket: string, child: ChildProcess, logFile: string): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await accepts(socket))) {
    const ended = child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
    if (ended || performance.now() > deadline) {
      const lines = existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n') : [];
      const state = ended ? 'ended' : 'is not ready in time';
      throw new Error(`dockerd ${state}:\n${lines.slice(-SHOWN_LOG_LINES).join('\n')}`);
    }
    await sleep(200);
  }
}

/** Short, since the paths of sockets are limited to 107 octets. */
function folderOf(launcher: number): string {
  return `/run/mxflow-engine-${launcher}`;
}

/** Who runs, so that the next run can end what a killed one left. */
type Trace = { readonly launcher: number; readonly engine: number };

function traceFile(): string {
  return join(stateFolder(), 'engine.json');
}

/** Ends the engine of a run that was killed; throws while that run is still under way: they would share its data. */
async function endAbandonedEngine(): Promise<void> {
  if (!existsSync(traceFile())) return;
  const { launcher, engine } = JSON.parse(readFileSync(traceFile(), 'utf8')) as Trace;
  const owned = (): boolean => commandLineOf(engine).includes(folderOf(launcher));
  if (owned()) {
    if (commandLineOf(launcher).includes('test-e2e')) throw new Error(`another run, process ${launcher}, is using it`);
    process.kill(engine, 'SIGTERM');
    for (const deadline = performance.now() + STOP_WITHIN_MS; owned() && performance.now() < deadline;)
      await sleep(200);
  }
  await removeFolder(folderOf(launcher));
  rmSync(traceFile(), { force: true });
}

/** Empty when no such process runs. */
function commandLineOf(pid: number): string {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

async function removeFolder(folder: string): Promise<void> {
  await unmountBelow(folder);
  rmSync(folder, { recursive: true, force: true });
}

/** The engine leaves a network namespace mounted behind; its folder could not be removed with it. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const ours = mounts.map((line) => line.split(' ')[4] ?? '').filter((path) => path.startsWith(`${folder}/`));
  for (const path of ours.toReversed()) await command('umount', [path]);
}

function accepts(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
