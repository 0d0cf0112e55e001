import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

import { projectRoot, type StateFolder } from '../servers/state-folder.ts';

/** Logs of stacks without a name outlive them, to be read after a failure: this many of them. */
const keptLogFolders = 20;

/** `.mxflow/logs/NAME`, emptied of what the last stack of that name wrote. */
export function openLogFolder(folder: StateFolder): string {
  const parent = join(projectRoot, '.mxflow', 'logs');
  const path = join(parent, basename(folder.path));
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const temporary = readdirSync(parent).filter((name) => name.startsWith('temporary-'));
  const byAge = temporary.map((name) => join(parent, name)).toSorted((one, other) => writtenAt(other) - writtenAt(one));
  for (const old of byAge.slice(keptLogFolders)) rmSync(old, { recursive: true, force: true });
  return path;
}

function writtenAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
