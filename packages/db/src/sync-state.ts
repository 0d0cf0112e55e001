import type { Level } from '@mxflow/domain';

import type { Database, Statements } from './database.ts';
import type { FollowedList } from './rule-set-apply.ts';

/** What the service says of itself, for who asks how the sync stands. */
export type SyncServiceFacts = {
  readonly enabled: boolean;
  readonly source: string;
  /** Local time of day, its zone and how long after it a sync may begin. */
  readonly at: string;
  readonly zone: string;
  readonly jitterMs: number;
  /** When the next one is due, where one is. */
  readonly nextAt?: string;
};

/** Where this instance stands with the sync. */
export type SyncState = {
  /** The instance's clock. */
  readonly now: Date;
  readonly level: Level;
  /** Of each list; null where the rules that came with mxflow are in force. */
  readonly lists: Readonly<Record<FollowedList, number | null>>;
  readonly newest: number | null;
  readonly pinned: number | null;
  readonly bounceRulesInCustom: boolean;
  readonly etag: string | null;
  readonly etagSource: string | null;
  readonly spread: number;
  /** YYYY-MM-DD. */
  readonly settledDay: string | null;
  readonly succeededAt: Date | null;
  readonly failures: number;
  readonly retryAt: Date | null;
  readonly because: string | null;
  readonly detail: string | null;
  readonly runId: number | null;
  readonly runUntil: Date | null;
  readonly service: SyncServiceFacts | null;
  readonly since: Date;
};

const READ = `
  SELECT mxflow_now() AS now, i.level,
    (SELECT jsonb_object_agg(list, version) FROM set_lists) AS lists,
    s.newest, s.pinned, s.bounce_rules_in_custom AS "bounceRulesInCustom", s.etag, s.etag_source AS "etagSource",
    s.spread, s.settled_day::text AS "settledDay", s.succeeded_at AS "succeededAt", s.failures,
    s.retry_at AS "retryAt", s.because, s.detail, s.run_id::float8 AS "runId", s.run_until AS "runUntil", s.service,
    s.since
  FROM sync_state s CROSS JOIN instance i`;

export async function readSyncState(database: Database): Promise<SyncState> {
  return first(await database.client.$queryRawUnsafe<SyncState[]>(READ));
}

/** The same, which nobody else changes until the end of the transaction. Whoever locks the instance, too, does so before. */
export async function lockSyncState(tx: Statements): Promise<SyncState> {
  return first(await tx.$queryRawUnsafe<SyncState[]>(`${READ} FOR UPDATE OF s`));
}

function first([state]: readonly SyncState[]): SyncState {
  if (state === undefined) throw new Error('expected the row of the sync, found none');
  return state;
}

/** Says at Custom whether bounce rules and policies are still pulled. */
export async function setBounceRulesInCustom(database: Database, value: boolean): Promise<void> {
  await database.client.$executeRawUnsafe(`UPDATE sync_state SET bounce_rules_in_custom = $1`, value);
}

/** Notes how the service is set up. */
export async function noteSyncService(database: Database, facts: SyncServiceFacts): Promise<void> {
  await database.client.$executeRawUnsafe(`UPDATE sync_state SET service = $1::jsonb`, JSON.stringify(facts));
}
