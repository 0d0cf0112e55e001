import { createHash, randomBytes } from 'node:crypto';
import { existsSync, globSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Plugin } from 'rolldown';

import { projectRoot } from '../servers/state-folder.ts';
import { services } from './services.ts';

const parent = join(projectRoot, '.mxflow', 'bundles');

/** Bundles of other states of the sources are kept so long: somebody may run them. */
const KEPT_MS = 86_400_000;

/**
 * A folder with each service as `NAME.mjs`, made when the sources have changed. A service imports some 1,500 modules,
 * and finding and linking them takes more than all else at its start.
 */
export async function bundleServices(): Promise<string> {
  const folder = join(parent, fingerprint());
  if (existsSync(folder)) return folder;
  const draft = join(parent, `draft-${randomBytes(4).toString('hex')}`);
  const { build } = await import('rolldown');
  await build({
    input: Object.fromEntries(Object.values(services).map(({ name, file }) => [name, file])),
    platform: 'node',
    plugins: [staysWhereItLies],
    logLevel: 'silent',
    output: { dir: draft, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' },
  });
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another process was as quick.
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  forgetOldBundles();
  return folder;
}

/** Threads, watchdogs and SQL are found beside the source. */
const staysWhereItLies: Plugin = {
  name: 'stays-where-it-lies',
  transform(code, id) {
    if (!code.includes('import.meta.url')) return null;
    return code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href));
  },
};

/** Of everything that a bundle is made of, by name, size and time of change. */
function fingerprint(): string {
  const sources = ['{packages,services}/*/{src/**/*.{ts,json},package.json}', 'pnpm-lock.yaml'];
  const hash = createHash('sha256');
  for (const file of globSync(sources, { cwd: projectRoot }).toSorted()) {
    const { size, mtimeMs } = statSync(join(projectRoot, file));
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex').slice(0, 16);
}

function forgetOldBundles(): void {
  for (const name of readdirSync(parent)) {
    const path = join(parent, name);
    const changedMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - changedMs > KEPT_MS) rmSync(path, { recursive: true, force: true });
  }
}
