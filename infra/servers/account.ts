import { spawnSync } from 'node:child_process';
import { chownSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Whose rights a server runs with. */
export type Account =
  | { readonly kind: 'own' }
  /** Postgres refuses to run as root, so root's servers run as the accounts that their Debian packages made. */
  | { readonly kind: 'system'; readonly uid: number; readonly gid: number };

export function serverAccount(name: 'postgres' | 'rabbitmq'): Account {
  if (process.getuid?.() !== 0) return { kind: 'own' };
  return { kind: 'system', uid: idOf('-u', name), gid: idOf('-g', name) };
}

export function giveTo(account: Account, path: string): void {
  if (account.kind === 'system') chownSync(path, account.uid, account.gid);
}

/** Whether accounts other than the owner may pass through the folder and all above it. */
export function isOpenToOthers(folder: string): boolean {
  const mayPass = (statSync(folder).mode & 0o001) !== 0;
  return mayPass && (dirname(folder) === folder || isOpenToOthers(dirname(folder)));
}

function idOf(option: '-u' | '-g', name: string): number {
  const { status, stdout } = spawnSync('id', [option, name], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`expected an account "${name}", which its Debian package makes, and found none`);
  return Number(stdout);
}
