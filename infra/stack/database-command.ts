import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { projectRoot } from '../servers/state-folder.ts';
import type { StackRule } from './stack-rules.ts';

/** Brings the database to this version's schema, as a deployment does before it starts services. */
export async function migrateDatabase(databaseUrl: string): Promise<void> {
  await runCommand('migrate-main.ts', databaseUrl, {});
}

/** A new key of the tenant, which is made when it does not exist. Nobody can read it again. */
export async function issueApiKey(databaseUrl: string, tenant: string): Promise<string> {
  const output = await runCommand('issue-key-main.ts', databaseUrl, { argv: [tenant, 'one-machine stack'] });
  return output.trim();
}

/** A new editor's key to the hub, in place of the one that an earlier stack on this database had. */
export async function issueHubKey(databaseUrl: string): Promise<string> {
  const output = await runCommand('issue-hub-key-main.ts', databaseUrl, { argv: ['--replace', 'one-machine stack'] });
  return output.trim();
}

/** Puts MX rules in place of those in force. */
export async function loadRules(databaseUrl: string, rules: readonly StackRule[]): Promise<void> {
  await runCommand('load-rules-main.ts', databaseUrl, { input: JSON.stringify(rules) });
}

/** Commands, not imports: packages/db is tested with this room's servers, and must not depend on what depends on it. */
async function runCommand(
  name: string,
  databaseUrl: string,
  { argv = [], input = '' }: { readonly argv?: readonly string[]; readonly input?: string },
): Promise<string> {
  const file = join(projectRoot, 'packages', 'db', 'src', name);
  const env = { ...process.env, DATABASE_URL: databaseUrl };
  const child = spawn(process.execPath, [file, ...argv], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (child.exitCode !== 0) throw new Error(`expected ${name} to succeed, and found:\n${output}${errors}`);
  return output;
}
