import { open, readFile } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { fromCaller } from './caller-path.ts';

/** A file that was named cannot be used: what was expected of it, for the person at the terminal. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly code = 'MXFLOW_INPUT';
}

/** A file, or standard input where it is `-`. */
export async function readInput(file: string): Promise<string> {
  if (file === '-') return await text(process.stdin);
  try {
    return await readFile(fromCaller(file), 'utf8');
  } catch (error) {
    throw unusable('read', error);
  }
}

/** The same as it is read, for files that are too long to be held; its size, where it is a file. */
export async function openInput(file: string): Promise<{ readonly octets: Readable; readonly size?: number }> {
  if (file === '-') return { octets: process.stdin };
  try {
    const handle = await open(fromCaller(file));
    const facts = await handle.stat();
    if (facts.isDirectory()) throw new InputError('it is a folder');
    return { octets: handle.createReadStream(), size: facts.size };
  } catch (error) {
    throw unusable('read', error);
  }
}

/** A file to be written, made anew. */
export async function createOutput(file: string): Promise<Writable> {
  try {
    return (await open(fromCaller(file), 'w')).createWriteStream();
  } catch (error) {
    throw unusable('write', error);
  }
}

function unusable(verb: 'read' | 'write', cause: unknown): InputError {
  return new InputError(`expected a file to ${verb}: ${reasonOf(cause)}`, { cause });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The same, as JSON; whoever asks for it is told what is in it by the API. */
export async function readJsonInput(file: string): Promise<unknown> {
  const content = await readInput(file);
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new InputError(`expected JSON in ${file === '-' ? 'standard input' : file}: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}
