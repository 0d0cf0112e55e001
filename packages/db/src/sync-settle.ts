import type { Level } from '@mxflow/domain';

import type { Database, Statements } from './database.ts';
import { lockInstance } from './mx-rule-edits.ts';
import { applyLists, listsFollowed, type SoundRuleSet } from './rule-set-apply.ts';
import { changeRulesInForce, type CompareRules } from './rules-in-force.ts';
import { keepVersion, noteApplied } from './rule-set-versions.ts';
import { writeEnding, type BegunRun, type SyncEnding } from './sync-runs.ts';
import { lockSyncState, type SyncState } from './sync-state.ts';
import { storable } from './unstorable.ts';

/** A document from the source, signed by a trusted key and sound. */
export type PulledRuleSet = SoundRuleSet & {
  readonly document: object;
  readonly source: string;
  /** What the source calls this content. */
  readonly etag: string | undefined;
};

/** What a run has found. */
export type RunResult =
  | { readonly kind: 'pulled'; readonly pulled: PulledRuleSet }
  /** The source has nothing else than what is known here. */
  | { readonly kind: 'unchanged' }
  /** Nothing that could be used: tried again after a while. */
  | { readonly kind: 'failed'; readonly ending: SyncEnding }
  /** Nothing was to be pulled. */
  | { readonly kind: 'idle'; readonly ending: SyncEnding };

export type RunTerms = {
  /** The day of the schedule that a success is for: YYYY-MM-DD. */
  readonly settledDay: string;
  /** How long to wait after so many failures in a row. */
  readonly retryAfterMs: (failures: number) => number;
  readonly compare: CompareRules;
};

/**
 * Ends a run: what it found is kept, put in force as far as this instance follows it, and noted, all in one transaction or
 * nothing.
 *
 * @returns how it ended; `undefined` where the run is not this process' any more.
 */
export async function endRun(
  database: Database,
  run: BegunRun,
  { result, terms }: { readonly result: RunResult; readonly terms: RunTerms },
): Promise<SyncEnding | undefined> {
  return await database.client.$transaction(async (tx) => {
    const level = await lockInstance(tx);
    const state = await lockSyncState(tx);
    if (state.runId !== run.id) return undefined;
    const ending = notable(await endingOf(tx, { run, level, state, result, compare: terms.compare }));
    await writeEnding(tx, run.id, ending);
    if (run.dryRun || result.kind === 'idle') return ending;
    await (ending.outcome === 'refused' || ending.outcome === 'failed'
      ? noteFailure(tx, ending, { failures: state.failures + 1, terms })
      : noteSuccess(tx, terms.settledDay, result));
    return ending;
  });
}

const LONGEST_DETAIL = 2000;

/** The source has its say in the detail: whatever that is, it can be noted. */
function notable({ detail, ...ending }: SyncEnding): SyncEnding {
  return { ...ending, detail: storable(detail?.slice(0, LONGEST_DETAIL)) };
}

type Question = {
  readonly run: BegunRun;
  readonly level: Level;
  readonly state: SyncState;
  readonly result: RunResult;
  readonly compare: CompareRules;
};

async function endingOf(tx: Statements, { result, ...question }: Question): Promise<SyncEnding> {
  switch (result.kind) {
    case 'failed':
    case 'idle':
      return result.ending;
    case 'unchanged':
      return { outcome: 'unchanged', versionAfter: question.state.newest };
    case 'pulled':
      return await take(tx, result.pulled, question);
  }
}

async function take(
  tx: Statements,
  pulled: PulledRuleSet,
  { run: { dryRun }, level, state, compare }: Omit<Question, 'result'>,
): Promise<SyncEnding> {
  const { version, document, source } = pulled;
  if (state.newest !== null && version < state.newest) {
    return refused('lower-version', `expected version ${state.newest} or a later one, found ${version}`);
  }
  const lists = listsFollowed(level, state.bounceRulesInCustom).filter((list) => state.lists[list] !== version);
  const told = { versionBefore: state.lists.mx_rules, versionAfter: version };
  const backBecause = keptBack(state, { level, version });
  if (!(await isKept(tx, { version, document, source, dryRun }))) {
    return refused('other-content', `expected version ${version} as it was pulled before, found other rules in it`);
  }
  if (!dryRun) await tx.$executeRawUnsafe(`UPDATE sync_state SET newest = $1::int`, version);
  if (backBecause !== undefined) return { ...told, outcome: 'kept-back', because: backBecause };
  if (lists.length === 0) return { outcome: 'unchanged', versionAfter: version };
  const diff = await changeRulesInForce(tx, { compare, dryRun }, () => applyLists(tx, pulled, lists));
  if (dryRun) return { ...told, diff, outcome: 'kept-back', because: 'dry-run' };
  await noteApplied(tx, version);
  return { ...told, diff, outcome: 'applied', ...(level === 'custom' ? { because: 'custom' } : {}) };
}

/** A dry run keeps nothing. */
async function isKept(
  tx: Statements,
  { dryRun, ...kept }: Pick<PulledRuleSet, 'version' | 'document' | 'source'> & { readonly dryRun: boolean },
): Promise<boolean> {
  return dryRun || (await keepVersion(tx, kept));
}

function keptBack(state: SyncState, { level, version }: { level: Level; version: number }): string | undefined {
  if (state.pinned !== null && state.pinned !== version) return 'pinned';
  return listsFollowed(level, state.bounceRulesInCustom).length === 0 ? 'custom' : undefined;
}

function refused(because: string, detail: string): SyncEnding {
  return { outcome: 'refused', because, detail };
}

async function noteSuccess(tx: Statements, settledDay: string, result: RunResult): Promise<void> {
  await tx.$executeRawUnsafe(
    `UPDATE sync_state SET succeeded_at = mxflow_now(), settled_day = $1::date, failures = 0,
       retry_at = NULL, because = NULL, detail = NULL`,
    settledDay,
  );
  if (result.kind !== 'pulled') return;
  await tx.$executeRawUnsafe(
    `UPDATE sync_state SET etag = $1, etag_source = $2`,
    result.pulled.etag ?? null,
    result.pulled.source,
  );
}

async function noteFailure(
  tx: Statements,
  { because, detail }: SyncEnding,
  { failures, terms }: { readonly failures: number; readonly terms: RunTerms },
): Promise<void> {
  await tx.$executeRawUnsafe(
    `UPDATE sync_state SET failures = $1::int, because = $2, detail = $3, etag = NULL,
       retry_at = mxflow_now() + $4::float8 * interval '1 millisecond'`,
    failures,
    because ?? null,
    detail ?? null,
    terms.retryAfterMs(failures),
  );
}
