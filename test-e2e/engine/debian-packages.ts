import { existsSync, rmSync, writeFileSync } from 'node:fs';

import { command, onPath } from './command.ts';

/** Tells the packages' scripts not to start services (Debian policy 9.3.3): the stories run what they need themselves. */
const START_POLICY = '/usr/sbin/policy-rc.d';

/** True where this process can install Debian packages. */
export function canInstallPackages(): boolean {
  return process.getuid?.() === 0 && onPath('apt-get');
}

export async function installPackages(names: readonly string[]): Promise<void> {
  const ours = !existsSync(START_POLICY);
  if (ours) writeFileSync(START_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await command('apt-get', ['update', '-q'], { env });
    await command('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...names], { env });
  } finally {
    if (ours) rmSync(START_POLICY, { force: true });
  }
}
