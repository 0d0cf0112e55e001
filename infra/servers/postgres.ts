import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { Client } from 'pg';

import { giveTo, serverAccount, type Account } from './account.ts';
import { postgresBinary } from './binaries.ts';
import { freePorts } from './free-ports.ts';
import { NotReadyError, startProgram, untilReady, type Program } from './program.ts';
import { secretFile } from './secret-file.ts';
import type { StateFolder } from './state-folder.ts';

/** What committed data must survive. */
export type Durability =
  /** The loss of power: every commit reaches the disk. */
  | 'power-loss'
  /** The death of any process, `kill -9` included, but not that of the operating system: nothing waits for the disk. */
  | 'process-death';

export type ServerOptions = { readonly folder: StateFolder; readonly durability: Durability };

/** A private Postgres on a free loopback port, with one superuser `mxflow`. */
export type PostgresServer = AsyncDisposable & {
  /** Of the database `mxflow`, empty at first. */
  readonly url: string;
  readonly pid: () => number;
  /** Fast shutdown: sessions are ended, commits are kept. */
  readonly stop: () => Promise<void>;
  /** SIGKILL, as a crash would; `restart` brings it back. */
  readonly kill: () => Promise<void>;
  /** Stops it unless it is down, then starts it on the same port over the same data. */
  readonly restart: () => Promise<void>;
  /** Stops it and starts it as a replica that takes over: on a timeline of its own. */
  readonly failOver: () => Promise<void>;
  /** For freezing: SIGSTOP and SIGCONT reach the postmaster alone, so new sessions hang and old ones live on. */
  readonly signal: (signal: NodeJS.Signals) => void;
};

const user = 'mxflow';
const database = 'mxflow';
const readyWithinMs = 60_000;
const stopGraceMs = 20_000;

export async function startPostgres({ folder, durability }: ServerOptions): Promise<PostgresServer> {
  const account = serverAccount('postgres');
  const home = join(folder.path, 'postgres');
  const data = join(home, 'data');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  giveTo(account, home);
  const password = secretFile(join(folder.path, 'postgres-password'));
  if (!existsSync(join(data, 'PG_VERSION'))) initialise({ account, home, data, password });
  const [port = 0] = await freePorts(1);
  const urlOf = (name: string): string => `postgres://${user}:${password}@127.0.0.1:${port}/${name}`;
  const start = (): Promise<Program> =>
    startAndWait(urlOf('postgres'), () =>
      startProgram({
        file: postgresBinary('postgres'),
        argv: ['-D', data, ...settings(port, durability)],
        env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TZ: 'UTC' },
        account,
        folder,
        logFile: join(folder.path, 'postgres.log'),
        stopSignal: 'SIGINT',
      }),
    );
  let program = await start();
  await createDatabase(urlOf('postgres'));
  const restart = async (): Promise<void> => {
    await program.stop(stopGraceMs);
    program = await start();
  };
  const stop = (): Promise<void> => (folder.kept ? program.stop(stopGraceMs) : program.kill());
  return {
    url: urlOf(database),
    pid: () => program.pid,
    stop: () => program.stop(stopGraceMs),
    kill: () => program.kill(),
    restart,
    async failOver() {
      await program.stop(stopGraceMs);
      const file = join(data, 'recovery.signal');
      writeFileSync(file, '');
      giveTo(account, file);
      await restart();
    },
    signal: (signal) => program.signal(signal),
    [Symbol.asyncDispose]: stop,
  };
}

function settings(port: number, durability: Durability): readonly string[] {
  const careless = durability === 'process-death' ? { fsync: 'off', full_page_writes: 'off' } : {};
  const all = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '256MB',
    // What a replica needs, and what recovery from an archive asks for. There is no archive here.
    wal_level: 'replica',
    restore_command: '/bin/false',
    max_wal_senders: 0,
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
    synchronous_commit: 'on',
    jit: 'off',
    timezone: 'UTC',
    log_checkpoints: 'off',
    ...careless,
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function initialise(order: { account: Account; home: string; data: string; password: string }): void {
  const passwordFile = join(order.home, 'initial-password');
  writeFileSync(passwordFile, order.password, { mode: 0o600 });
  giveTo(order.account, passwordFile);
  const argv = ['-D', order.data, '--username', user, '--pwfile', passwordFile, '--auth=scram-sha-256'];
  const { account } = order;
  const done = spawnSync(
    postgresBinary('initdb'),
    [...argv, '--encoding=UTF8', '--no-locale', '--no-sync', '--no-instructions'],
    {
      cwd: order.home,
      env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TZ: 'UTC' },
      encoding: 'utf8',
      ...(account.kind === 'system' ? { uid: account.uid, gid: account.gid } : {}),
    },
  );
  if (done.status !== 0)
    throw new Error(`expected initdb to make ${order.data}, and it said:\n${done.stdout}${done.stderr}`);
}

/** After a crash the sessions of the dead postmaster hold its shared memory for a moment, and a new one refuses to start. */
async function startAndWait(url: string, start: () => Promise<Program>): Promise<Program> {
  const deadline = Date.now() + readyWithinMs;
  for (;;) {
    const program = await start();
    try {
      await untilReady('Postgres', program, { isReady: () => answers(url), withinMs: readyWithinMs });
      return program;
    } catch (error) {
      await program.kill();
      const crowded = error instanceof NotReadyError && /shared memory block|lock file/.test(error.message);
      if (!crowded || Date.now() > deadline) throw error;
      await pause(200);
    }
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  // Its end is noticed by the query below.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    // Not listening yet, or still recovering: asked again.
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

async function createDatabase(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${database}`);
  } finally {
    await client.end();
  }
}
