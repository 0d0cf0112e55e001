import type { Level } from '@mxflow/domain';

import type { Database, Statements } from './database.ts';
import { announceRules, lockInstance, writeLevel } from './mx-rule-edits.ts';
import { applyKnownSet, applyLists, listsFollowed, type SoundRuleSet } from './rule-set-apply.ts';
import { noteApplied } from './rule-set-versions.ts';
import { changeRulesInForce, type CompareRules } from './rules-in-force.ts';
import { askWithin, loseRun, noteRun, type SyncCause } from './sync-runs.ts';
import { lockSyncState, type SyncState } from './sync-state.ts';

/** What a change of the version in force came to. */
export type VersionChange =
  /** What it did to the rules in force, or would. */
  | { readonly kind: 'done'; readonly diff: object }
  /** At Custom no list of a set is followed. */
  | { readonly kind: 'custom' }
  /** What was read before is not what would be put in force now: to be read again. */
  | { readonly kind: 'moved-on' };

export type ChangeTerms = {
  readonly compare: CompareRules;
  /** Only tell what it would do. */
  readonly dryRun: boolean;
};

/** The version that holds where nobody says otherwise: the pinned one, else the newest; null where none was ever pulled. */
export function targetVersion({ pinned, newest }: Pick<SyncState, 'pinned' | 'newest'>): number | null {
  return pinned ?? newest;
}

/** Puts a version that was pulled in force and keeps it there, whatever comes. */
export async function pinVersion(database: Database, set: SoundRuleSet, terms: ChangeTerms): Promise<VersionChange> {
  return await changeVersion(database, async (tx, { level, state }) => {
    const lists = listsFollowed(level, state.bounceRulesInCustom);
    if (lists.length === 0) return { kind: 'custom' };
    const [kept] = await tx.$queryRawUnsafe<object[]>(
      `SELECT FROM rule_set_versions WHERE version = $1::int`,
      set.version,
    );
    if (kept === undefined) return { kind: 'moved-on' };
    const diff = await changeRulesInForce(tx, terms, () => applyLists(tx, set, lists));
    if (!terms.dryRun) {
      await tx.$executeRawUnsafe(`UPDATE sync_state SET pinned = $1::int`, set.version);
      await note(tx, 'rollback', { set, state, diff });
    }
    return { kind: 'done', diff };
  });
}

/** Follows the newest version again: the one that was pulled at once, and what the source has as soon as it is asked. */
export async function unpinVersion(
  database: Database,
  set: SoundRuleSet | undefined,
  terms: ChangeTerms,
): Promise<VersionChange> {
  return await changeVersion(database, async (tx, { level, state }) => {
    if (state.newest !== (set?.version ?? null)) return { kind: 'moved-on' };
    const lists = listsFollowed(level, state.bounceRulesInCustom);
    const diff = await changeRulesInForce(tx, terms, async () => {
      if (set !== undefined) await applyLists(tx, set, lists);
    });
    if (!terms.dryRun) {
      await tx.$executeRawUnsafe(`UPDATE sync_state SET pinned = NULL`);
      if (set !== undefined && lists.length > 0) await note(tx, 'unpin', { set, state, diff });
      await askWithin(tx, false);
    }
    return { kind: 'done', diff };
  });
}

/**
 * Leaves Custom for a preset: the set that was pulled, or the one that came with mxflow, is in force together with the
 * level, and the source is asked for a newer one.
 *
 * @param set of the version that `targetVersion` names; undefined where it names none.
 */
export async function leaveCustom(
  database: Database,
  { level, set }: { readonly level: Exclude<Level, 'custom'>; readonly set: SoundRuleSet | undefined },
  terms: ChangeTerms,
): Promise<VersionChange> {
  return await changeVersion(database, async (tx, { level: before, state }) => {
    if (before !== 'custom' || targetVersion(state) !== (set?.version ?? null)) return { kind: 'moved-on' };
    const diff = await changeRulesInForce(tx, terms, async () => {
      await writeLevel(tx, level);
      if (set === undefined) await applyKnownSet(tx);
      else await applyLists(tx, set, listsFollowed(level, false));
      await announceRules(tx);
    });
    if (!terms.dryRun) {
      if (set !== undefined) await note(tx, 'level', { set, state, diff });
      await askWithin(tx, false);
    }
    return { kind: 'done', diff };
  });
}

/**
 * Forgets which versions were ever pulled, so that the numbers of another source, or of one that was set back, are not held
 * against them. What is in force stays until that source is asked, which is at once.
 */
export async function forgetVersions(database: Database): Promise<void> {
  await database.client.$transaction(async (tx) => {
    await lockInstance(tx);
    const { runId } = await lockSyncState(tx);
    // What is being pulled right now is of the source that is forgotten.
    if (runId !== null) await loseRun(tx, runId, 'forgotten');
    await tx.$executeRawUnsafe(`UPDATE sync_state SET newest = NULL, pinned = NULL, etag = NULL, etag_source = NULL`);
    await tx.$executeRawUnsafe(`DELETE FROM rule_set_versions`);
    await tx.$executeRawUnsafe(`UPDATE set_lists SET version = ${FORGOTTEN} WHERE version IS NOT NULL`);
    await askWithin(tx, false);
  });
}

/** In place of the number that a list had at a source that was forgotten: it is neither bundled nor of any version. */
const FORGOTTEN = 0;

type Standing = { readonly level: Level; readonly state: SyncState };

async function changeVersion(
  database: Database,
  run: (tx: Statements, standing: Standing) => Promise<VersionChange>,
): Promise<VersionChange> {
  return await database.client.$transaction(async (tx) => {
    const level = await lockInstance(tx);
    return await run(tx, { level, state: await lockSyncState(tx) });
  });
}

async function note(
  tx: Statements,
  cause: SyncCause,
  { set: { version }, state, diff }: { readonly set: SoundRuleSet; readonly state: SyncState; readonly diff: object },
): Promise<void> {
  await noteApplied(tx, version);
  const versionBefore = state.lists.mx_rules;
  await noteRun(tx, cause, { outcome: 'applied', versionBefore, versionAfter: version, diff });
}
