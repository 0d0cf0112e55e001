import type { Database, Statements } from './database.ts';
import { lockSyncState, type SyncState } from './sync-state.ts';

export type SyncCause = 'start' | 'scheduled' | 'demand' | 'rollback' | 'unpin' | 'level';

/** What a run came to. */
export type SyncEnding = {
  readonly outcome:
    | 'applied'
    /** The source has what is in force. */
    | 'unchanged'
    /** Pulled, and not put in force: pinned, Custom, or only tried. */
    | 'kept-back'
    /** What the source serves cannot be used. */
    | 'refused'
    /** The source could not be reached, or not read to the end. */
    | 'failed';
  /** One word of why. */
  readonly because?: string | undefined;
  readonly detail?: string | undefined;
  readonly versionBefore?: number | null | undefined;
  readonly versionAfter?: number | null | undefined;
  readonly diff?: object | undefined;
};

export type SyncRun = Omit<SyncEnding, 'outcome'> & {
  readonly id: number;
  readonly cause: SyncCause;
  readonly dryRun: boolean;
  readonly askedAt: Date;
  readonly begunAt: Date | null;
  readonly endedAt: Date | null;
  readonly outcome: SyncEnding['outcome'] | 'lost' | null;
};

/** A run that is this process' to make. */
export type BegunRun = { readonly id: number; readonly cause: SyncCause; readonly dryRun: boolean };

const RUNS_KEPT = 1000;
/** A diff that is longer says nothing to a person. */
const LONGEST_DIFF = 1_000_000;

/** Asks for a sync as soon as a service is there to make it. A second one who asks the same is answered with the first. */
export async function askForSync(database: Database, { dryRun }: { readonly dryRun: boolean }): Promise<number> {
  return await database.client.$transaction(async (tx) => {
    await lockSyncState(tx);
    return await askWithin(tx, dryRun);
  });
}

/** The same within a transaction that holds the state's lock. */
export async function askWithin(tx: Statements, dryRun: boolean): Promise<number> {
  const [run] = await tx.$queryRawUnsafe<{ id: number }[]>(
    `WITH asked AS (SELECT id FROM sync_runs WHERE begun_at IS NULL AND dry_run = $1 ORDER BY id LIMIT 1),
       added AS (INSERT INTO sync_runs (cause, dry_run) SELECT 'demand', $1 WHERE NOT EXISTS (SELECT FROM asked) RETURNING id)
     SELECT id::float8 AS id FROM asked UNION ALL SELECT id::float8 FROM added`,
    dryRun,
  );
  if (run === undefined) throw new Error('expected a run, found none');
  return run.id;
}

/**
 * Lets `decide` say whether a run begins now, knowing how things stand and what was asked for; one process at a time. A run
 * whose process has not renewed it is lost, and the next one may begin.
 *
 * @param leaseSeconds how long a run is believed to be under way unless it is renewed.
 */
export async function beginRun(
  database: Database,
  decide: (state: SyncState, asked: BegunRun | undefined) => { readonly cause: SyncCause } | undefined,
  leaseSeconds: number,
): Promise<BegunRun | undefined> {
  return await database.client.$transaction(async (tx) => {
    const state = await lockSyncState(tx);
    if (isHeld(state, leaseSeconds)) return undefined;
    if (state.runId !== null) await loseRun(tx, state.runId, 'process-gone');
    const [asked] = await tx.$queryRawUnsafe<BegunRun[]>(
      `SELECT id::float8 AS id, cause, dry_run AS "dryRun" FROM sync_runs WHERE begun_at IS NULL ORDER BY id LIMIT 1`,
    );
    const decision = decide(state, asked);
    if (decision === undefined) return undefined;
    const [run] = asked !== undefined && decision.cause === 'demand' ? [asked] : await insertRun(tx, decision.cause);
    if (run === undefined) throw new Error('expected a run, found none');
    await tx.$executeRawUnsafe(`UPDATE sync_runs SET begun_at = mxflow_now() WHERE id = $1::bigint`, run.id);
    await tx.$executeRawUnsafe(
      `UPDATE sync_state SET run_id = $1::bigint, run_until = mxflow_now() + $2::int * interval '1 second'`,
      run.id,
      leaseSeconds,
    );
    return run;
  });
}

async function insertRun(tx: Statements, cause: SyncCause): Promise<readonly BegunRun[]> {
  return await tx.$queryRawUnsafe<BegunRun[]>(
    `INSERT INTO sync_runs (cause) VALUES ($1) RETURNING id::float8 AS id, cause, dry_run AS "dryRun"`,
    cause,
  );
}

/** A lease that ends later than any is given for is of a clock that was wrong. */
function isHeld({ now, runUntil }: SyncState, leaseSeconds: number): boolean {
  const leftMs = runUntil === null ? 0 : runUntil.getTime() - now.getTime();
  return leftMs > 0 && leftMs <= leaseSeconds * 1000;
}

/** Says that a run is still under way; nothing where it is not this process' any more. */
export async function renewRun(database: Database, { id }: BegunRun, leaseSeconds: number): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE sync_state SET run_until = mxflow_now() + $2::int * interval '1 second' WHERE run_id = $1::bigint`,
    id,
    leaseSeconds,
  );
}

/**
 * Takes a run from whoever makes it, within a transaction that holds the state's lock: it will change nothing any more. What
 * an operator asked for is asked for again.
 */
export async function loseRun(tx: Statements, id: number, because: 'process-gone' | 'forgotten'): Promise<void> {
  const [lost] = await tx.$queryRawUnsafe<{ isWanted: boolean }[]>(
    `UPDATE sync_runs SET ended_at = mxflow_now(), outcome = 'lost', because = $2 WHERE id = $1::bigint
     RETURNING cause = 'demand' AND NOT dry_run AS "isWanted"`,
    id,
    because,
  );
  await tx.$executeRawUnsafe(`UPDATE sync_state SET run_id = NULL, run_until = NULL`);
  if (lost?.isWanted === true) await askWithin(tx, false);
}

/** Writes down what a run came to; within a transaction that holds the state's lock. */
export async function writeEnding(tx: Statements, id: number, ending: SyncEnding): Promise<void> {
  const diff = JSON.stringify(ending.diff ?? null);
  await tx.$executeRawUnsafe(
    `UPDATE sync_runs SET ended_at = mxflow_now(), outcome = $2, because = $3, detail = $4, version_before = $5::int,
       version_after = $6::int, diff = nullif($7::jsonb, 'null') WHERE id = $1::bigint`,
    id,
    ending.outcome,
    ending.because ?? null,
    ending.detail ?? null,
    ending.versionBefore ?? null,
    ending.versionAfter ?? null,
    diff.length > LONGEST_DIFF ? 'null' : diff,
  );
  await tx.$executeRawUnsafe(`DELETE FROM sync_runs WHERE id <= $1::bigint - ${RUNS_KEPT}`, id);
  await tx.$executeRawUnsafe(`UPDATE sync_state SET run_id = NULL, run_until = NULL WHERE run_id = $1::bigint`, id);
}

/** A run that an operator makes by a command, begun and ended within the caller's transaction. */
export async function noteRun(tx: Statements, cause: SyncCause, ending: SyncEnding): Promise<void> {
  const [run] = await insertRun(tx, cause);
  if (run === undefined) throw new Error('expected a run, found none');
  await tx.$executeRawUnsafe(`UPDATE sync_runs SET begun_at = mxflow_now() WHERE id = $1::bigint`, run.id);
  await writeEnding(tx, run.id, ending);
}

const COLUMNS = `id::float8 AS id, cause, dry_run AS "dryRun", asked_at AS "askedAt", begun_at AS "begunAt",
  ended_at AS "endedAt", outcome, because, detail, version_before AS "versionBefore", version_after AS "versionAfter", diff`;

/** Runs, the latest first. */
export async function listSyncRuns(
  database: Database,
  { limit, before }: { readonly limit: number; readonly before?: number | undefined },
): Promise<readonly SyncRun[]> {
  return await database.client.$queryRawUnsafe<SyncRun[]>(
    `SELECT ${COLUMNS} FROM sync_runs WHERE $1::bigint IS NULL OR id < $1::bigint ORDER BY id DESC LIMIT $2::int`,
    before ?? null,
    limit,
  );
}

export async function readSyncRun(database: Database, id: number): Promise<SyncRun | undefined> {
  const [run] = await database.client.$queryRawUnsafe<SyncRun[]>(
    `SELECT ${COLUMNS} FROM sync_runs WHERE id = $1::bigint`,
    id,
  );
  return run;
}
