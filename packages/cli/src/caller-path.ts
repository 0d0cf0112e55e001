import { resolve } from 'node:path';

/** A path as the person typed it: npm runs its scripts in the project's folder and leaves the caller's in INIT_CWD. */
export function fromCaller(path: string): string {
  return resolve(process.env['INIT_CWD'] ?? process.cwd(), path);
}
