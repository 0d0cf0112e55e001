import { countGuard, countQuarantine, sweepGuard, sweepQuarantine, type Database } from '@mxflow/db';
import type { ProcessContext } from '@mxflow/process';

import type { SweepEvents } from '../events.ts';

type QuarantineSweepEvents = Pick<SweepEvents, 'addressesCleared' | 'quarantineCounted' | 'guardCounted'>;

export type QuarantineSweepsOptions = {
  readonly database: Database;
  readonly events: QuarantineSweepEvents;
  readonly every: ProcessContext['every'];
};

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const BATCH = 1000;

/** Clears addresses as their time comes, calms the guard, and shows how many addresses stand where. */
export function startQuarantineSweeps({ database, events, every }: QuarantineSweepsOptions): AsyncDisposable {
  const resources = new AsyncDisposableStack();
  const start = (name: string, intervalMs: number, run: (signal: AbortSignal) => Promise<void>): void =>
    void resources.use(every(intervalMs, run, { name }));
  start('clear-addresses', MINUTE_MS, (signal) => clearAddresses(database, events, signal));
  start('calm-guard', MINUTE_MS, () => sweepGuard(database));
  start('count-guard', 10 * SECOND_MS, async () => events.guardCounted(await countGuard(database)));
  // All of quarantine is read.
  start('count-quarantine', 5 * MINUTE_MS, async () => events.quarantineCounted(await countQuarantine(database)));
  return resources;
}

/** Clears all addresses whose release is due or whose counter has fallen to zero. */
async function clearAddresses(database: Database, events: QuarantineSweepEvents, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const swept = await sweepQuarantine(database, BATCH);
    if (swept.released + swept.reset === 0) return;
    events.addressesCleared(swept);
  }
}
