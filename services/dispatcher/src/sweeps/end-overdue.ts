import { endOverdueWork, type Database } from '@mxflow/db';

import type { SweepEvents } from '../events.ts';

/** Messages ended in one transaction. */
const BATCH = 2000;

/** Ends messages of cancelled jobs, and those whose validity is over, until none is left. */
export async function endOverdue(database: Database, events: SweepEvents, signal: AbortSignal): Promise<void> {
  for (;;) {
    const transitions = await endOverdueWork(database, BATCH);
    events.workEnded(transitions);
    const ended = transitions.reduce((sum, { messages }) => sum + messages, 0);
    if (ended < BATCH || signal.aborted) return;
  }
}
