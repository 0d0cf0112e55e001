import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { MigrationDirectory, SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

/** The part of the WebAssembly API that is used here: Node's own types leave it to the browser's. */
declare const WebAssembly: {
  instantiate(code: Uint8Array, imports: object): Promise<{ readonly instance: { readonly exports: object } }>;
};

const sqlFolder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'sql');
const prismaFolder = join(dirname(dirname(fileURLToPath(import.meta.url))), 'prisma');

/**
 * Brings the database to this version's schema: applies the migrations it has not seen, in order.
 * Safe to call from several processes at once: the engine takes an advisory lock.
 *
 * @returns the names of the migrations that were applied, `[]` when there was nothing to do.
 */
export async function migrate(databaseUrl: string): Promise<readonly string[]> {
  const engine = await openEngine(databaseUrl);
  try {
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: {
        baseDir: join(prismaFolder, 'migrations'),
        lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
        shadowDbInitScript: '',
        migrationDirectories: await readMigrations(),
      },
      filters: { externalTables: [], externalEnums: [] },
    });
    await defineFunctions(databaseUrl);
    return appliedMigrationNames;
  } finally {
    engine.free();
  }
}

/**
 * Defines the functions of this version, in the order of their files. They are code, so each version brings all of its
 * own; and the engine would cut their bodies at every semicolon.
 */
async function defineFunctions(databaseUrl: string): Promise<void> {
  const files = (await readdir(sqlFolder)).filter((name) => name.endsWith('.sql')).toSorted();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('BEGIN');
    // Two processes that define the same function at once would fail each other.
    await client.query('SELECT pg_advisory_xact_lock($1)', [DEFINING_LOCK]);
    for (const file of files) await client.query(await readFile(join(sqlFolder, file), 'utf8'));
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

const DEFINING_LOCK = 7300;

let loading: ReturnType<typeof loadGlue> | undefined;

/**
 * The schema engine as WebAssembly: prisma's native one would have to be downloaded. Once a process: the glue keeps
 * views of one instance's memory, and an engine that is done leaves a timer behind which calls back into it.
 */
async function loadGlue() {
  const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const file = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const code = await readFile(join(dirname(file), 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(code, { './schema_engine_bg.js': glue });
  (glue as unknown as { __wbg_set_wasm(exports: object): void }).__wbg_set_wasm(instance.exports);
  (instance.exports as unknown as { __wbindgen_start(): void }).__wbindgen_start();
  return glue;
}

async function openEngine(databaseUrl: string): Promise<SchemaEngine> {
  loading ??= loadGlue();
  const glue = await loading;
  const adapter = bindMigrationAwareSqlAdapterFactory(
    new PrismaPg({ connectionString: databaseUrl, idleTimeoutMillis: 1, allowExitOnIdle: true }),
  );
  const schema = await readFile(join(prismaFolder, 'schema.prisma'), 'utf8');
  return await glue.SchemaEngine.new({ datamodels: [['schema.prisma', schema]] }, () => {}, adapter);
}

async function readMigrations(): Promise<MigrationDirectory[]> {
  const entries = await readdir(join(prismaFolder, 'migrations'), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return await Promise.all(folders.toSorted().map(readMigration));
}

async function readMigration(folder: string): Promise<MigrationDirectory> {
  const value = await readFile(join(prismaFolder, 'migrations', folder, 'migration.sql'), 'utf8');
  return { path: folder, migrationFile: { path: 'migration.sql', content: { tag: 'ok', value } } };
}
