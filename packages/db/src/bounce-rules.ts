import type { BounceRule, RuleConditions } from '@mxflow/domain';

import type { Database, Reads, Statements } from './database.ts';

/** A bounce rule as it is stored. */
export type StoredBounceRule = BounceRule & {
  readonly origin: 'bundled' | 'pulled' | 'local';
  readonly enabled: boolean;
  /** Failures that it has decided so far: a rule that never hits is a rule to look at. */
  readonly hits: number;
  readonly lastHitAt: Date | null;
};

type Row = Omit<StoredBounceRule, 'conditions' | 'lastHitAt'> & {
  readonly conditions: Required<RuleConditions>;
  readonly lastHitAt: string | null;
};

/** The rules that failures are read by, in their order: those that are switched on, as of one version. */
export async function readBounceRules(
  database: Reads,
): Promise<{ readonly version: number; readonly rules: readonly BounceRule[] }> {
  const { version, rules } = await listBounceRules(database);
  return {
    version,
    rules: rules
      .filter(({ enabled }) => enabled)
      .map(({ origin: _origin, enabled: _enabled, hits: _hits, lastHitAt: _lastHitAt, ...rule }) => rule),
  };
}

/** All bounce rules in their order, those that are switched off included. */
export async function listBounceRules(
  database: Reads,
): Promise<{ readonly version: number; readonly rules: readonly StoredBounceRule[] }> {
  const [row] = await database.client.$queryRawUnsafe<{ version: number; rules: readonly Row[] }[]>(READ);
  if (row === undefined) throw new Error('expected the row of the instance, found none');
  return { version: row.version, rules: row.rules.map(toRule) };
}

function toRule({ conditions, lastHitAt, ...rule }: Row): StoredBounceRule {
  const given = Object.entries(conditions).filter(([, choices]) => choices.length > 0);
  return {
    ...rule,
    ...(given.length === 0 ? {} : { conditions: Object.fromEntries(given) as RuleConditions }),
    lastHitAt: lastHitAt === null ? null : new Date(lastHitAt),
  };
}

const READ = `
  SELECT i.reading_version::float8 AS version, (SELECT coalesce(jsonb_agg(jsonb_build_object('id', r.id,
    'pattern', r.pattern, 'where', r.looks_at, 'conditions', jsonb_build_object('replyCodes', r.reply_codes,
      'enhancedStatuses', r.enhanced_statuses, 'mxMasks', r.mx_masks, 'senders', r.senders),
    'reason', r.reason, 'type', r.type, 'detail', r.detail, 'matches', r.matches, 'leaves', r.leaves,
    'origin', r.origin, 'enabled', r.enabled, 'hits', r.hits, 'lastHitAt', r.last_hit_at)
    ORDER BY r.position, r.id), '[]') FROM bounce_rules r) AS rules
  FROM instance i`;

/**
 * Counts every change of how failures are read: of bounce rules, feedback rules, policies and the settings of
 * quarantine. Who goes by them reads them anew where it is not the version at hand.
 */
export async function readReadingVersion(database: Database): Promise<number> {
  const [row] = await database.client.$queryRawUnsafe<{ version: number }[]>(
    `SELECT reading_version::float8 AS version FROM instance`,
  );
  if (row === undefined) throw new Error('expected the row of the instance, found none');
  return row.version;
}

/** Counts the version up and tells who listens on `mxflow_reading`, within the caller's transaction. */
export async function announceReading(tx: Statements): Promise<void> {
  await tx.$executeRawUnsafe(`UPDATE instance SET reading_version = reading_version + 1`);
  await tx.$queryRawUnsafe(`SELECT pg_notify('mxflow_reading', '')::text`);
}

/** Counts what rules have decided; rules that were deleted meanwhile are passed over. */
export async function countRuleHits(database: Database, hits: ReadonlyMap<string, number>): Promise<void> {
  if (hits.size === 0) return;
  // Rows are locked in their order: two batches wait for each other, never in a circle.
  await database.client.$executeRawUnsafe(
    `WITH hit AS (
       SELECT r.id, h.hits FROM bounce_rules r
       JOIN jsonb_to_recordset($1::jsonb) AS h(id text, hits bigint) ON h.id = r.id ORDER BY r.id FOR UPDATE OF r
     )
     UPDATE bounce_rules r SET hits = r.hits + hit.hits, last_hit_at = mxflow_now() FROM hit WHERE r.id = hit.id`,
    JSON.stringify([...hits].map(([id, count]) => ({ id, hits: count }))),
  );
}
