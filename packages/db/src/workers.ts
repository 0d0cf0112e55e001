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

/** Shows that the worker lives; `false` where its epoch was fenced: its claims are gone and it must start a new one. */
export async function renewWorker(database: Database, epoch: number): Promise<boolean> {
  const renewed = await database.client.$executeRawUnsafe(
    `UPDATE workers SET renewed_at = mxflow_now() WHERE epoch = $1 AND fenced_at IS NULL AND stopped_at IS NULL`,
    epoch,
  );
  return renewed === 1;
}

/** Ends an epoch in order: every connection is closed, every outcome confirmed. */
export async function stopWorker(database: Database, epoch: number): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE workers SET stopped_at = mxflow_now() WHERE epoch = $1 AND fenced_at IS NULL`,
    epoch,
  );
}

/** The session that proves an epoch alive: the server frees its lock when the process's kernel closes the socket. */
export type EpochSession = AsyncDisposable & {
  /** Resolves when the session broke and was not closed by us. */
  readonly lost: Promise<void>;
};

/** Opens a session of its own and takes the epoch's advisory lock in it. Throws where the lock is held elsewhere. */
export async function holdEpoch(databaseUrl: string, epoch: number): Promise<EpochSession> {
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
  await session.connect();
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
 * Fences workers that are proven dead, and those silent for so long that waiting longer helps nobody.
 *
 * Proven: the epoch's session is gone, its last renewal is older than a worker lives without one, and Postgres has
 * not restarted since (a restart ends the sessions of the living too). A worker that merely lost its session has by
 * then come back under its epoch or aborted its connections.
 *
 * @returns the epochs fenced.
 */
export async function fenceDeadWorkers(
  database: Database,
  { lifeSeconds, lostHoldSeconds }: { lifeSeconds: number; lostHoldSeconds: number },
): Promise<readonly number[]> {
  const rows = await database.client.$queryRawUnsafe<{ epoch: number }[]>(
    `UPDATE workers w SET fenced_at = mxflow_now()
     WHERE stopped_at IS NULL AND fenced_at IS NULL AND (
       (renewed_at < mxflow_now() - $1 * interval '1 second'
         AND renewed_at > mxflow_now() - (clock_timestamp() - pg_postmaster_start_time())
         AND NOT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
           WHERE l.locktype = 'advisory' AND l.classid = ${EPOCH_LOCK} AND l.objid = w.epoch::oid
             AND d.datname = current_database()))
       OR renewed_at < mxflow_now() - $2 * interval '1 second')
     RETURNING epoch`,
    lifeSeconds,
    lostHoldSeconds,
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
