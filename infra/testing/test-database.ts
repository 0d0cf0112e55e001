import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { Client } from 'pg';

import { whichPostgres } from './which-servers.ts';

/** An empty or prepared database of its own, dropped at the end with whoever is connected to it. */
export type TestDatabase = AsyncDisposable & { readonly databaseUrl: string };

/** Work that many databases begin with, such as migrations: done once, then copied. */
export type Prepared = {
  readonly prepare: (databaseUrl: string) => Promise<unknown>;
  /** Names the result of `prepare`; another key when the result would be another. */
  readonly templateKey: string;
};

export type TestDatabaseOptions = Partial<Prepared> & {
  /** Another server than the run's own: one that the test kills. Its URL, with any database. */
  readonly serverUrl?: string;
};

export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const serverUrl = options.serverUrl ?? (await whichPostgres());
  const name = `mxt_${randomBytes(6).toString('hex')}`;
  const { prepare, templateKey } = options;
  const databaseUrl = withDatabase(serverUrl, name);
  await onServer(serverUrl, async (client) => {
    if (prepare === undefined || templateKey === undefined) {
      await client.query(`CREATE DATABASE ${name}`);
      await prepare?.(databaseUrl);
      return;
    }
    const template = await ensureTemplate(client, serverUrl, { prepare, templateKey });
    await copyDatabase(client, template, name);
  });
  return {
    databaseUrl,
    async [Symbol.asyncDispose]() {
      await onServer(serverUrl, (client) => client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

/** Test files run at once: the first makes the template, the others wait for it on an advisory lock. */
async function ensureTemplate(client: Client, serverUrl: string, { prepare, templateKey }: Prepared): Promise<string> {
  const template = `mxtemplate_${createHash('sha256').update(templateKey).digest('hex').slice(0, 16)}`;
  await client.query('SELECT pg_advisory_lock(hashtext($1))', [template]);
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [template]);
    if (rowCount === 1) return template;
    // Made under another name first: a template that was only half prepared is never taken for one.
    const draft = `${template}_draft`;
    await client.query(`DROP DATABASE IF EXISTS ${draft} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${draft}`);
    await prepare(withDatabase(serverUrl, draft));
    await retryWhileInUse(() => client.query(`ALTER DATABASE ${draft} RENAME TO ${template}`));
    return template;
  } finally {
    await client.query('SELECT pg_advisory_unlock(hashtext($1))', [template]);
  }
}

async function copyDatabase(client: Client, template: string, name: string): Promise<void> {
  // Copies files instead of logging every page: the source is small and quiet.
  await retryWhileInUse(() => client.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY file_copy`));
}

/** A session that was just closed lingers on the server for a moment, and `prepare` may leave one. */
async function retryWhileInUse(work: () => Promise<unknown>): Promise<void> {
  const objectInUse = '55006';
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== objectInUse || Date.now() > deadline) throw error;
      await pause(100);
    }
  }
}

async function onServer(serverUrl: string, work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: serverUrl });
  // A server that was killed meanwhile is reported by the query, not by the process.
  client.on('error', () => {});
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

function withDatabase(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
