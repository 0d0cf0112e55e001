import pg from 'pg';
import type { Database } from './database.ts';

/** First half of the advisory lock key of an epoch; the second is the epoch itself. */
const EPOCH_LOCK = 7301;

/** Starts a new life of a worker process. */
export async function registerWorker(database: Database, name: string, sources: readonly object[]): Promise<number> {
  const rows = await database.client.$queryRawUnsafe<{ epoch: number }[]>(
    `INSERT INTO workers (name, sources) VALUES ($1, $2::jsonb) RETURNING epoch`,
    name,
    JSON.stringify(sources),
  );
  const [row] = rows;
  if (row === undefined) throw new Error('registering a worker returned no epoch');
  return row.epoch;
}

/** What a renewal is answered with. */
export type Renewal =
  | {
      readonly kind: 'renewed';
      readonly rulesVersion: number;
      /** Connections that this worker has above its part, by scope: to be ended after the message in hand. */
      readonly surplus: readonly { readonly scopeKey: string; readonly connections: number }[];
    }
  /** Its claims, slots and tokens are gone, and it must start a new epoch. */
  | { readonly kind: 'fenced' };

/** Shows that the worker lives: renews everything that its epoch holds. */
export async function renewWorker(database: Database, epoch: number): Promise<Renewal> {
  const renewed = await database.client.$executeRawUnsafe(
    `UPDATE workers SET renewed_at = mxflow_now(), server_started_at = pg_postmaster_start_time()
     WHERE epoch = $1 AND fenced_at IS NULL AND stopped_at IS NULL`,
    epoch,
  );
  if (renewed !== 1) return { kind: 'fenced' };
  const [row] = await database.client.$queryRawUnsafe<
    { rulesVersion: number; surplus: readonly { scopeKey: string; connections: number }[] }[]
  >(
    `SELECT (SELECT rules_version::float8 FROM instance) AS "rulesVersion",
       coalesce((SELECT jsonb_agg(jsonb_build_object('scopeKey', scope_key, 'connections', connections))
         FROM mxflow_surplus($1::int)), '[]') AS surplus`,
    epoch,
  );
  if (row === undefined) throw new Error('a renewal was not answered');
  return { kind: 'renewed', ...row };
}

/** Ends an epoch in order: every connection is closed, every outcome confirmed. */
export async function stopWorker(database: Database, epoch: number): Promise<void> {
  await database.client.$queryRawUnsafe(
    `WITH stopped AS (UPDATE workers SET stopped_at = mxflow_now()
       WHERE epoch = $1 AND fenced_at IS NULL AND stopped_at IS NULL RETURNING epoch)
     SELECT mxflow_end_epoch(epoch)::text FROM stopped`,
    epoch,
  );
}

/** The session that proves an epoch alive: the server frees its lock when the process's kernel closes the socket. */
export type EpochSession = AsyncDisposable & {
  /** Resolves when the session broke and was not closed by us. */
  readonly lost: Promise<void>;
};

/** Channels of Postgres on which all workers are told: a scope has room again; the MX rules changed. */
const CHANNELS = ['mxflow_scopes', 'mxflow_rules'];
/**
 * How the server notices that the other host is gone: not within the window below, so that a session that goes sooner was
 * closed by the kernel of its process.
 */
const KEEPALIVES = 'SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3';
/** A session that goes within so many seconds of a renewal was not ended by keepalives. */
const KEEPALIVE_WINDOW_SECONDS = 25;

/** Opens a session of its own and takes the epoch's advisory lock in it. Throws where the lock is held elsewhere. */
export async function holdEpoch(
  databaseUrl: string,
  epoch: number,
  onNotification: (channel: string, payload: string) => void = () => {},
): Promise<EpochSession> {
  const session = new pg.Client({
    connectionString: databaseUrl,
    application_name: `mxflow epoch ${epoch}`,
    keepAlive: true,
    connectionTimeoutMillis: 5000,
  });
  let closing = false;
  const lost = new Promise<void>((resolve) => {
    session.on('error', () => resolve());
    session.on('end', () => {
      if (!closing) resolve();
    });
  });
  session.on('notification', ({ channel, payload }) => onNotification(channel, payload ?? ''));
  await session.connect();
  await session.query(KEEPALIVES);
  for (const channel of CHANNELS) await session.query(`LISTEN ${channel}`);
  const { rows } = await session.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS held', [
    EPOCH_LOCK,
    epoch,
  ]);
  if (rows[0]?.held !== true) {
    closing = true;
    await session.end();
    throw new Error(`the lock of epoch ${epoch} is held by another session`);
  }
  return {
    lost,
    [Symbol.asyncDispose]: async () => {
      closing = true;
      await session.end();
    },
  };
}

/**
 * Fences workers that are proven dead, and those silent for so long that no provider counts their connections any more;
 * frees what they held. See `sql/12-fence.sql` for what proves it.
 *
 * @returns the epochs fenced.
 */
export async function fenceDeadWorkers(
  database: Database,
  { lifeSeconds, lostHoldSeconds }: { lifeSeconds: number; lostHoldSeconds: number },
): Promise<readonly number[]> {
  const rows = await database.client.$queryRawUnsafe<{ epoch: number }[]>(
    `SELECT mxflow_fence($1::float8, $2::float8, $3::float8, $4::int) AS epoch`,
    lifeSeconds,
    lostHoldSeconds,
    KEEPALIVE_WINDOW_SECONDS,
    EPOCH_LOCK,
  );
  return rows.map((row) => row.epoch);
}

/** Workers that live, as far as anybody knows. */
export async function listWorkers(
  database: Database,
): Promise<readonly { readonly epoch: number; readonly name: string; readonly renewedAt: Date }[]> {
  return await database.client.worker.findMany({
    where: { stoppedAt: null, fencedAt: null },
    select: { epoch: true, name: true, renewedAt: true },
    orderBy: { epoch: 'asc' },
  });
}
