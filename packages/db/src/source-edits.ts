import type { Preset, RampFacts, RampPlan } from '@mxflow/domain';

import type { Database } from './database.ts';
import { announceRules, lockInstance } from './mx-rule-edits.ts';

/** What an operator decides about a source; what is left out stays. */
export type SourceChange = {
  /** `null`: the instance's level. */
  readonly level?: Preset | null;
  readonly paused?: boolean;
  /** `null`: no plan. A new plan starts its days now. */
  readonly ramp?: RampPlan | null;
};

/** Changes a source, and writes a change of its level into its history; false where there is none with this number. */
export async function changeSource(database: Database, publicId: number, change: SourceChange): Promise<boolean> {
  return await database.client.$transaction(async (tx) => {
    await lockInstance(tx);
    const [before] = await tx.$queryRawUnsafe<{ level: Preset | null }[]>(
      `SELECT level FROM sources WHERE public_id = $1 FOR UPDATE`,
      publicId,
    );
    if (before === undefined) return false;
    const { paused, ramp } = change;
    // A plan needs a level to begin at: the lowest, where the source had none of its own.
    const asked = change.level === undefined ? before.level : change.level;
    const level = ramp === undefined || ramp === null ? asked : (asked ?? 'slow');
    await tx.$executeRawUnsafe(
      `UPDATE sources SET level = $2,
         paused_at = CASE WHEN $3::bool IS NULL THEN paused_at WHEN $3 THEN coalesce(paused_at, mxflow_now()) END,
         ramp = CASE WHEN $4 THEN nullif($5::jsonb, 'null') ELSE ramp END,
         ramp_state = CASE WHEN $4 OR level IS DISTINCT FROM $2
           THEN jsonb_build_object('since', mxflow_now()) ELSE ramp_state END
       WHERE public_id = $1`,
      publicId,
      level,
      paused ?? null,
      ramp !== undefined,
      JSON.stringify(ramp ?? null),
    );
    if (level !== before.level) {
      await tx.$executeRawUnsafe(
        `INSERT INTO source_history (public_id, level_before, level_after, reason) VALUES ($1, $2, $3, 'operator')`,
        publicId,
        before.level,
        level,
      );
    }
    await announceRules(tx);
    return true;
  });
}

/** A source with a ramp plan, and what its messages came to since it is at its level, over a week at most. */
export type RampingSource = {
  readonly publicId: number;
  readonly level: Preset;
  readonly plan: RampPlan;
  readonly daysAtLevel: number;
  readonly facts: RampFacts;
};

/**
 * The sources that a ramp plan moves. Facts come from the delivery log: final outcomes since the level began, of the
 * last seven days at most, so that what happened at another level is not held against this one.
 */
export async function listRampingSources(database: Database): Promise<readonly RampingSource[]> {
  return await database.client.$queryRawUnsafe<RampingSource[]>(
    `SELECT s.public_id AS "publicId", s.level, s.ramp AS plan,
       (extract(epoch FROM clock.now - since.at) / 86400)::float8 AS "daysAtLevel",
       jsonb_build_object('messages', f.messages, 'hard', f.hard, 'complaints', f.complaints) AS facts
     FROM (SELECT mxflow_now() AS now) clock, sources s
     CROSS JOIN LATERAL (SELECT coalesce((s.ramp_state ->> 'since')::timestamptz, s.registered_at) AS at) since
     CROSS JOIN LATERAL (
       SELECT count(*) FILTER (WHERE status IN ('sent', 'failed'))::float8 AS messages,
         count(*) FILTER (WHERE status = 'failed' AND failure_type = 'hard')::float8 AS hard,
         count(*) FILTER (WHERE failure_detail = 'complaint')::float8 AS complaints
       FROM delivery_log WHERE source = s.public_id
         AND logged_at >= greatest(since.at, clock.now - interval '7 days')) f
     WHERE s.ramp IS NOT NULL AND s.level IS NOT NULL AND s.paused_at IS NULL`,
  );
}

/** Moves a source to another level, where it still has the one that the decision was made for. */
export async function moveSourceLevel(
  database: Database,
  move: {
    readonly publicId: number;
    readonly from: Preset;
    readonly to: Preset;
    readonly reason: string;
    readonly facts: RampFacts;
  },
): Promise<boolean> {
  return await database.client.$transaction(async (tx) => {
    await lockInstance(tx);
    const moved = await tx.$executeRawUnsafe(
      `UPDATE sources SET level = $3, ramp_state = jsonb_build_object('since', mxflow_now())
       WHERE public_id = $1 AND level = $2 AND ramp IS NOT NULL`,
      move.publicId,
      move.from,
      move.to,
    );
    if (moved === 0) return false;
    await tx.$executeRawUnsafe(
      `INSERT INTO source_history (public_id, level_before, level_after, reason, facts) VALUES ($1, $2, $3, $4, $5::jsonb)`,
      move.publicId,
      move.from,
      move.to,
      move.reason,
      JSON.stringify(move.facts),
    );
    await announceRules(tx);
    return true;
  });
}

export type SourceHistoryEntry = {
  readonly at: Date;
  readonly levelBefore: Preset | null;
  readonly levelAfter: Preset | null;
  readonly reason: string;
  readonly facts: RampFacts | null;
};

/** What became of a source's level, the latest first. */
export async function readSourceHistory(database: Database, publicId: number): Promise<readonly SourceHistoryEntry[]> {
  return await database.client.$queryRawUnsafe<SourceHistoryEntry[]>(
    `SELECT at, level_before AS "levelBefore", level_after AS "levelAfter", reason, facts
     FROM source_history WHERE public_id = $1 ORDER BY id DESC LIMIT 200`,
    publicId,
  );
}

/** Ramp plans of all sources that have one. */
export async function readRampPlans(database: Database): Promise<ReadonlyMap<number, RampPlan>> {
  const rows = await database.client.$queryRawUnsafe<{ publicId: number; ramp: RampPlan }[]>(
    `SELECT public_id AS "publicId", ramp FROM sources WHERE ramp IS NOT NULL`,
  );
  return new Map(rows.map(({ publicId, ramp }) => [publicId, ramp]));
}

/** Recipient domains of the last week's attempts and of what waits, with the MX hosts that were met. */
export async function listRecentHosts(
  database: Database,
  limit: number,
): Promise<readonly { readonly domain: string; readonly mxHost: string; readonly messages: number }[]> {
  return await database.client.$queryRawUnsafe(
    `SELECT split_part(address, '@', -1) AS domain, mx_host AS "mxHost", count(*)::float8 AS messages
     FROM delivery_log WHERE mx_host IS NOT NULL AND logged_at >= mxflow_now() - interval '7 days'
     GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT $1`,
    limit,
  );
}

/** Domains that messages of the last week went to, or were to go to, those with most first. */
export async function listRecentDomains(
  database: Database,
  limit: number,
): Promise<readonly { readonly domain: string; readonly messages: number }[]> {
  return await database.client.$queryRawUnsafe(
    `SELECT split_part(address, '@', -1) AS domain, count(*)::float8 AS messages
     FROM delivery_log WHERE logged_at >= mxflow_now() - interval '7 days'
     GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $1`,
    limit,
  );
}
