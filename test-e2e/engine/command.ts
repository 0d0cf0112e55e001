import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

export type CommandOptions = {
  readonly cwd?: string;
  /** On top of this process' own. */
  readonly env?: Readonly<Record<string, string>>;
};

/** A program that ended badly; the message holds the end of what it said. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code = 'COMMAND_FAILED';
}

/** Lines of output that an error repeats. */
const SHOWN_LINES = 25;

/** Runs a program quietly and resolves to what it wrote on standard output. */
export async function command(file: string, argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  const env = { ...process.env, ...options.env };
  const child = spawn(file, [...argv], { stdio: ['ignore', 'pipe', 'pipe'], env, cwd: options.cwd });
  const all: string[] = [];
  const output: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.push(text);
    all.push(text);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => all.push(text));
  const ended = await new Promise<string>((resolve, reject) => {
    child.once('error', (cause) => reject(new CommandError(`cannot run ${file}: ${cause.message}`, { cause })));
    child.once('close', (code, signal) => resolve(signal ?? String(code)));
  });
  if (ended === '0') return output.join('');
  const shown = all.join('').trimEnd().split('\n').slice(-SHOWN_LINES).join('\n');
  throw new CommandError(`${[file, ...argv].join(' ')} ended with ${ended}:\n${shown}`);
}

/** True when the program can be started by its name. */
export function onPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not there, or not ours to run: the same to the caller.
    return false;
  }
}
