import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** What stories keep between runs: images of their own engine, and the workspace staged for the image. */
export function stateFolder(): string {
  const folder = join(projectRoot, '.mxflow', 'e2e');
  mkdirSync(folder, { recursive: true });
  return folder;
}
