import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { projectRoot } from '../servers/state-folder.ts';

/** Brings the database to this version's schema, as a deployment does before it starts services: by a command. */
export async function migrateDatabase(databaseUrl: string): Promise<void> {
  const file = join(projectRoot, 'packages', 'db', 'src', 'migrate-main.ts');
  const env = { ...process.env, DATABASE_URL: databaseUrl };
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (child.exitCode !== 0) throw new Error(`expected the migrations to be applied, and found:\n${output}${errors}`);
}
