import {
  beginRun,
  endRun,
  isUnstorable,
  readSyncState,
  renewRun,
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
import { dayToSettle, decideRun, retryAfterMs, type Schedule } from './schedule.ts';

export type TurnParts = PullParts & {
  readonly database: Database;
  readonly events: Pick<SyncEvents, 'begun' | 'ended' | 'takenOver'>;
  readonly schedule: Schedule;
  readonly random: () => number;
};

/** A run that was not renewed for so long is lost, and made again by whoever is there. */
const LEASE_SECONDS = 10;
const RENEW_EVERY_MS = 3_000;

/**
 * Makes the run that is due or asked for, where no other replica does.
 *
 * @returns how it ended; undefined where there was none to make.
 */
export async function takeTurn(parts: TurnParts): Promise<SyncEnding | undefined> {
  const { database, events } = parts;
  const run = await beginRun(database, (state, asked) => decideRun(state, asked, parts), LEASE_SECONDS);
  if (run === undefined) return undefined;
  events.begun(run);
  const begunAtMs = performance.now();
  using _renewing = keepRun(database, run);
  const ending = await makeRun(parts, run);
  if (ending === undefined) events.takenOver(run);
  else events.ended(run, ending, performance.now() - begunAtMs);
  return run.dryRun ? undefined : ending;
}

async function makeRun(parts: TurnParts, run: BegunRun): Promise<SyncEnding | undefined> {
  const { database, signal, schedule, random } = parts;
  try {
    const state = await readSyncState(database);
    return await settle(database, run, {
      result: await pull(parts, state),
      terms: {
        settledDay: dayToSettle(state, schedule),
        retryAfterMs: (failures) => retryAfterMs(failures, random()),
        compare: compareRulesInForce,
      },
    });
  } catch (error) {
    // Who stops hands its run over now; what breaks otherwise is tried again when the lease has ended.
    if (signal.aborted) await renewRun(database, run, 0).catch(() => {});
    throw error;
  }
}

/** Renews a run until it is disposed of. */
function keepRun(database: Database, run: BegunRun): Disposable {
  let renewing: Promise<void> | undefined;
  const renew = async (): Promise<void> => {
    // One that fails costs nothing: whoever takes the run over meanwhile makes it, and this process changes nothing.
    await renewRun(database, run, LEASE_SECONDS).catch(() => {});
    renewing = undefined;
  };
  const timer = setInterval(() => void (renewing ??= renew()), RENEW_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function settle(
  database: Database,
  run: BegunRun,
  { result, terms }: { readonly result: RunResult; readonly terms: RunTerms },
): Promise<SyncEnding | undefined> {
  try {
    return await endRun(database, run, { result, terms });
  } catch (error) {
    // Where Postgres is away this throws, too.
    return await endRun(database, run, { result: { kind: 'failed', ending: failureOf(error as Error) }, terms });
  }
}

function failureOf(error: Error): SyncEnding {
  const because = whyUnusable(error);
  return because === undefined
    ? { outcome: 'failed', because: 'not-applied', detail: error.message }
    : { outcome: 'refused', because, detail: error.message };
}

/** Where it is the rule set, and not the database, that keeps it from being put in force. */
function whyUnusable(error: unknown): string | undefined {
  if (error instanceof UnsoundRulesError) return 'unsound';
  return isUnstorable(error) ? 'unstorable' : undefined;
}
