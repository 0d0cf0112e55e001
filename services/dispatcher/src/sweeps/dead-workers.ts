import {
  fenceDeadWorkers,
  listOrphanedClaims,
  readRetryTerms,
  recordOutcomes,
  type Database,
  type OrphanedClaim,
} from '@mxflow/db';
import type { Messaging } from '@mxflow/messaging';

import type { SweepEvents } from '../events.ts';
import { inDoubtRecord, mayCallInDoubt, RECORDING_MS } from './in-doubt-record.ts';

export type DeadWorkersOptions = {
  readonly database: Database;
  readonly messaging: Pick<Messaging, 'queueDepth'>;
  readonly events: SweepEvents;
  /** How long a worker may be silent whose session is gone. */
  readonly lifeSeconds: number;
  /** How long one may be silent that is not proven dead. */
  readonly lostHoldSeconds: number;
  readonly recordingMs?: number;
};

/** Claims looked at in one sweep. */
const BATCH = 1000;

/** A sweep that takes the claims of dead workers away: fenced first, then in doubt. */
export function createDeadWorkerSweep(options: DeadWorkersOptions): () => Promise<void> {
  const { database, messaging, events, lifeSeconds, lostHoldSeconds, recordingMs = RECORDING_MS } = options;
  /** When a claim was first seen without its worker, by message and attempt: monotonic ms. */
  let orphanedSince: ReadonlyMap<string, number> = new Map();
  /** When outcomes were last seen to wait: monotonic ms. */
  let waitingAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    const fenced = await fenceDeadWorkers(database, { lifeSeconds, lostHoldSeconds });
    if (fenced.length > 0) events.workersFenced(fenced);
    const orphans = await listOrphanedClaims(database, BATCH);
    const nowMs = performance.now();
    orphanedSince = new Map(orphans.map((orphan) => [keyOf(orphan), orphanedSince.get(keyOf(orphan)) ?? nowMs]));
    if (orphans.length === 0) return;
    const isEmpty = ((await messaging.queueDepth('outcomes')) ?? 0) === 0;
    if (!isEmpty) waitingAtMs = nowMs;
    const queueEmptyForMs = isEmpty ? nowMs - waitingAtMs : undefined;
    const lost = orphans.filter((orphan) => {
      const orphanedForMs = nowMs - (orphanedSince.get(keyOf(orphan)) ?? nowMs);
      return mayCallInDoubt({ orphanedForMs, queueEmptyForMs }, recordingMs);
    });
    if (lost.length > 0) await callInDoubt(database, lost, events);
  };
}

async function callInDoubt(database: Database, lost: readonly OrphanedClaim[], events: SweepEvents): Promise<void> {
  const { now, terms } = await readRetryTerms(database, [...new Set(lost.map(({ jobNumber }) => jobNumber))]);
  const records = lost.map((claim) =>
    inDoubtRecord(claim, { terms: terms.get(claim.jobNumber), now, jitter: Math.random() }),
  );
  const { transitions } = await recordOutcomes(database, records);
  // An outcome may have been quicker: only what really changed counts.
  const changed = transitions.reduce((sum, { inDoubt }) => sum + inDoubt, 0);
  if (changed > 0) events.calledInDoubt(changed);
}

function keyOf({ messageId, attempt }: OrphanedClaim): string {
  return `${messageId}/${attempt}`;
}
