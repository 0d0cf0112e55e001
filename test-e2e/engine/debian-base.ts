import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { mirrorFor, parseAptSources, sourcesOfRelease, type AptSource } from './apt-sources.ts';
import { command, onPath } from './command.ts';
import { canInstallPackages, installPackages } from './debian-packages.ts';

const CODENAME = 'bookworm';

/**
 * Makes a minimal Debian in `folder` from the repositories that this machine's apt uses, with its settings for them.
 * Throws where this machine has none.
 */
export async function makeDebianBase(folder: string): Promise<void> {
  if (!onPath('debootstrap')) {
    if (!canInstallPackages())
      throw new Error('debootstrap is needed to make a base image: apt-get install debootstrap');
    await installPackages(['debootstrap']);
  }
  const sources = machineSources();
  const mirror = mirrorFor(sources, CODENAME);
  if (mirror === undefined)
    throw new Error(`no repository of Debian in /etc/apt: cannot make a base image of ${CODENAME}`);
  rmSync(folder, { recursive: true, force: true });
  await command('nice', [
    '-n',
    '10',
    'debootstrap',
    '--variant=minbase',
    '--include=ca-certificates',
    CODENAME,
    folder,
    mirror,
  ]);
  const lines = sourcesOfRelease(sources, CODENAME).map(({ uri, suite }) => `deb ${uri} ${suite} main`);
  writeFileSync(
    join(folder, 'etc/apt/sources.list'),
    `${(lines.length > 0 ? lines : [`deb ${mirror} ${CODENAME} main`]).join('\n')}\n`,
  );
  writeFileSync(join(folder, 'etc/apt/apt.conf.d/80machine'), await machineSettings());
  rmSync(join(folder, 'var/cache/apt/archives'), { recursive: true, force: true });
  rmSync(join(folder, 'var/lib/apt/lists'), { recursive: true, force: true });
}

function machineSources(): AptSource[] {
  const parts = '/etc/apt/sources.list.d';
  const files = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  return ['/etc/apt/sources.list', ...files]
    .filter((file) => /\.(list|sources)$/.test(file) && existsSync(file))
    .flatMap((file) => parseAptSources(readFileSync(file, 'utf8')));
}

/** Proxies, and what the machine tolerates in its mirror: without them apt in the image could not use it. */
async function machineSettings(): Promise<string> {
  const dump = await command('apt-config', ['dump']);
  return dump
    .split('\n')
    .filter((line) => /^Acquire::(https?|Check-[A-Za-z-]+)\b.*"[^"]+";$/.test(line))
    .map((line) => `${line}\n`)
    .join('');
}
