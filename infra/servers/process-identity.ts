import { readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

/** A process that cannot be mistaken for a later one that was given the same pid. */
export type ProcessIdentity = {
  readonly pid: number;
  /** Opaque; equal for the same process only. */
  readonly startedAt: string;
};

/** `undefined` when there is no such process (any more), or only its unreaped remains. */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? startedAtByProc(pid) : startedAtByPs(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

export function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  return identify(pid)?.startedAt === startedAt;
}

/** Signals the process only if it is still the same one; false when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    // It ended between the look and the signal.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

function startedAtByProc(pid: number): string | undefined {
  try {
    // pid (name) state ppid …: the name may hold spaces and brackets, so count from its last bracket.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    // No such process.
    return undefined;
  }
}

function startedAtByPs(pid: number): string | undefined {
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout?.trim() || undefined;
}
