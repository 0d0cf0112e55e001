import { spawnSync } from 'node:child_process';
import { chownSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Whose rights a server runs with. */
export type Account =
  | { readonly kind: 'own' }
  /** Postgres refuses to run as root, so root's servers run as the accounts that their Debian packages made. */
  | { readonly kind: 'system'; readonly uid: number; readonly gid: number };

export function serverAccount(name: 'postgres' | 'rabbitmq' | 'nobody'): Account {
  if (process.getuid?.() !== 0) return { kind: 'own' };
  return { kind: 'system', uid: idOf('-u', name), gid: idOf('-g', name) };
}

/** What the system calls it and its group. */
export function namesOf(account: Account): { readonly user: string; readonly group: string } {
  const who = account.kind === 'system' ? [String(account.uid)] : [];
  return { user: askId('-un', ...who), group: askId('-gn', ...who) };
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
  return Number(askId(option, name));
}

function askId(...argv: readonly string[]): string {
  const { status, stdout } = spawnSync('id', argv, { encoding: 'utf8' });
  if (status !== 0)
    throw new Error(
      `expected "id ${argv.join(' ')}" to know an account, which its Debian package makes, and found none`,
    );
  return stdout.trim();
}
