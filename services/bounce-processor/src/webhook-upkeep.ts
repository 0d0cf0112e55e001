import { countWaitingEvents, dropOldEvents, type Database } from '@mxflow/db';
import type { ProcessContext } from '@mxflow/process';

import type { WebhookEvents } from './events.ts';

export type UpkeepOptions = {
  readonly database: Database;
  readonly events: WebhookEvents;
  /** Events older than this are dropped undelivered. */
  readonly giveUpMs: number;
  readonly every: ProcessContext['every'];
};

const EVERY_MS = 30_000;
/** Of each endpoint in one statement. */
const DROPPED_AT_ONCE = 1000;

/** Gives up on events that are too old, and measures how many wait. */
export function keepOutbox({ database, events, giveUpMs, every }: UpkeepOptions): AsyncDisposable {
  return every(
    EVERY_MS,
    async (signal) => {
      await giveUpOldEvents({ database, events, giveUpMs }, signal);
      events.waiting(await countWaitingEvents(database));
    },
    { name: 'webhook-upkeep' },
  );
}

/** Drops every event that is too old, in statements that each take a moment. */
export async function giveUpOldEvents(
  { database, events, giveUpMs }: Omit<UpkeepOptions, 'every'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const dropped = await dropOldEvents(database, { afterSeconds: giveUpMs / 1000, limit: DROPPED_AT_ONCE });
    if (dropped.length === 0) return;
    for (const each of dropped) events.gaveUp(each.endpointId, each.events);
  }
}
