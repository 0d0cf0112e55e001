import { announceChunksAgain, type Database } from '@mxflow/db';
import type { Messaging, Outgoing } from '@mxflow/messaging';

import type { SweepEvents } from '../events.ts';
import { publishUntilStop } from '../publish-until-stop.ts';

export type AnnounceOptions = {
  readonly database: Database;
  readonly messaging: Messaging;
  readonly events: SweepEvents;
  readonly afterSeconds: number;
};

const BATCH = 500;

/**
 * Announces chunks once more that nobody prepared: whoever accepted the job may have died before it announced them. Only
 * while no announcement waits: a dispatcher that is merely behind needs no copies of what it has not come to yet.
 */
export async function announceAgain(
  { database, messaging, events, afterSeconds }: AnnounceOptions,
  signal: AbortSignal,
): Promise<void> {
  if (((await messaging.queueDepth('prepare')) ?? 0) > 0) return;
  const chunks = await announceChunksAgain(database, { afterSeconds, limit: BATCH });
  if (chunks.length === 0) return;
  events.announcedAgain(chunks.length);
  await publishUntilStop(
    messaging,
    chunks.map((body): Outgoing => ({ key: 'job.chunk-accepted.v1', body })),
    signal,
  );
}
