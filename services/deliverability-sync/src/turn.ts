import {
  beginRun,
  endRun,
  isUnstorable,
  readSyncState,
  UnsoundRulesError,
  type BegunRun,
  type Database,
  type RunResult,
  type RunTerms,
  type SyncEnding,
} from '@mxflow/db';
import { compareRulesInForce } from '@mxflow/rule-set';

import type { SyncEvents } from './events.ts';
import { pull, type PullParts } from './pull.ts';
import { decideRun, latestDue, retryAfterMs, type Schedule } from './schedule.ts';

export type TurnParts = PullParts & {
  readonly database: Database;
  readonly events: Pick<SyncEvents, 'begun' | 'ended' | 'takenOver'>;
  readonly schedule: Schedule;
  readonly random: () => number;
};

/** What a run may take besides the source's time: to check all rules, and to put them in force. */
const SETTLE_SECONDS = 60;

/**
 * Makes the run that is due or asked for, where no other replica does.
 *
 * @returns how it ended; undefined where there was none to make.
 */
export async function takeTurn(parts: TurnParts): Promise<SyncEnding | undefined> {
  const { database, events } = parts;
  const leaseSeconds = Math.ceil(parts.source.deadlineMs / 1000) + SETTLE_SECONDS;
  const run = await beginRun(database, (state, asked) => decideRun(state, asked, parts), leaseSeconds);
  if (run === undefined) return undefined;
  events.begun(run);
  const begunAtMs = performance.now();
  const state = await readSyncState(database);
  const { day: settledDay } = latestDue(state.now.getTime(), parts.schedule, state.spread);
  const ending = await settle(database, run, {
    result: await pull(parts, state),
    terms: {
      settledDay,
      retryAfterMs: (failures) => retryAfterMs(failures, parts.random()),
      compare: compareRulesInForce,
    },
  });
  if (ending === undefined) events.takenOver(run);
  else events.ended(run, ending, performance.now() - begunAtMs);
  return run.dryRun ? undefined : ending;
}

async function settle(
  database: Database,
  run: BegunRun,
  { result, terms }: { readonly result: RunResult; readonly terms: RunTerms },
): Promise<SyncEnding | undefined> {
  try {
    return await endRun(database, run, { result, terms });
  } catch (error) {
    const because = whyUnusable(error);
    if (because === undefined) throw error;
    const ending: SyncEnding = { outcome: 'refused', because, detail: (error as Error).message };
    return await endRun(database, run, { result: { kind: 'failed', ending }, terms });
  }
}

/** Where it is the rule set, and not the database, that keeps it from being put in force. */
function whyUnusable(error: unknown): string | undefined {
  if (error instanceof UnsoundRulesError) return 'unsound';
  return isUnstorable(error) ? 'unstorable' : undefined;
}
