import { readFile } from 'node:fs/promises';
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
    throw new InputError(`expected a file to read: ${String(error)}`, { cause: error });
  }
}

/** The same, as JSON; whoever asks for it is told what is in it by the API. */
export async function readJsonInput(file: string): Promise<unknown> {
  const content = await readInput(file);
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new InputError(`expected JSON in ${file === '-' ? 'standard input' : file}: ${String(error)}`, {
      cause: error,
    });
  }
}
