import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { isOpenToOthers } from './account.ts';
import { tellGuardian } from './guardian.ts';
import { identify, isRunning, signalProcess, type ProcessIdentity } from './process-identity.ts';

export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where servers keep their data, and the record of who runs there. */
export type StateFolder = AsyncDisposable & {
  readonly path: string;
  /** False: the data is worth nothing once the servers stop, and goes with them. */
  readonly kept: boolean;
  /** From now on the process ends with this one, in whatever way this one ends. */
  guard(pid: number, signal: NodeJS.Signals): ProcessIdentity;
  release(process: ProcessIdentity): void;
};

type Ownership = {
  readonly owner: ProcessIdentity;
  readonly kept: boolean;
  readonly processes: readonly ProcessIdentity[];
};

/**
 * Opens a folder under `.mxflow/servers` of the project, or in the system's temporary folder where the servers'
 * accounts cannot reach the project. A named folder is kept and found again; without a name it is a new one that is
 * removed at the end. What a crashed owner left behind is ended and removed first.
 */
export function openStateFolder(name?: string): StateFolder {
  const parent = parentFolder();
  mkdirSync(parent, { recursive: true });
  for (const entry of readdirSync(parent)) sweep(join(parent, entry));
  const path = join(parent, name ?? `temporary-${randomBytes(4).toString('hex')}`);
  refuseIfOwned(path);
  mkdirSync(path, { recursive: true, mode: 0o711 });
  chmodSync(path, 0o711);
  return own(path, name !== undefined);
}

/** Removes a named folder and all data in it. Throws when somebody runs servers there. */
export function forgetStateFolder(name: string): void {
  const path = join(parentFolder(), name);
  sweep(path);
  refuseIfOwned(path);
  rmSync(path, { recursive: true, force: true });
}

function own(path: string, kept: boolean): StateFolder {
  const owner = identify(process.pid);
  if (owner === undefined) throw new Error('expected to find this very process in the list of processes');
  let processes: readonly ProcessIdentity[] = [];
  const record = (changed: readonly ProcessIdentity[]): void => {
    processes = changed;
    writeOwnership(path, { owner, kept, processes });
  };
  record([]);
  if (!kept) tellGuardian({ kind: 'guard-folder', folder: path });
  return {
    path,
    kept,
    guard(pid, signal) {
      const identity = identify(pid) ?? { pid, startedAt: 'gone' };
      tellGuardian({ kind: 'guard', process: identity, signal });
      record([...processes, identity]);
      return identity;
    },
    release(identity) {
      record(processes.filter(({ pid }) => pid !== identity.pid));
      tellGuardian({ kind: 'release', process: identity });
    },
    async [Symbol.asyncDispose]() {
      if (kept) return rmSync(ownershipFile(path), { force: true });
      rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
      tellGuardian({ kind: 'release-folder', folder: path });
    },
  };
}

function parentFolder(): string {
  const asRoot = process.getuid?.() === 0;
  if (!asRoot || isOpenToOthers(projectRoot)) return join(projectRoot, '.mxflow', 'servers');
  const mark = createHash('sha256').update(projectRoot).digest('hex').slice(0, 12);
  return join(tmpdir(), `mxflow-${mark}`);
}

/** Ends what a vanished owner left running, and removes its folder unless it was to be kept. */
function sweep(path: string): void {
  const ownership = readOwnership(path);
  if (ownership === undefined || isRunning(ownership.owner)) return;
  for (const identity of ownership.processes) signalProcess(identity, 'SIGKILL');
  if (ownership.kept) rmSync(ownershipFile(path), { force: true });
  else rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

function refuseIfOwned(path: string): void {
  const ownership = readOwnership(path);
  if (ownership !== undefined) throw new FolderInUseError(path, ownership.owner.pid);
}

export class FolderInUseError extends Error {
  readonly code = 'MXFLOW_FOLDER_IN_USE';
  constructor(folder: string, pid: number) {
    super(`expected ${folder} to be free, and found that process ${pid} runs its servers there`);
    this.name = 'FolderInUseError';
  }
}

function readOwnership(path: string): Ownership | undefined {
  const file = ownershipFile(path);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Ownership) : undefined;
}

/** By rename, so that another start never reads half of it. */
function writeOwnership(path: string, ownership: Ownership): void {
  const file = ownershipFile(path);
  writeFileSync(`${file}.new`, JSON.stringify(ownership), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function ownershipFile(path: string): string {
  return join(path, 'owner.json');
}
