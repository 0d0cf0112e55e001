import { countReleased, releaseAgain, type Database } from '@mxflow/db';
import { laneQueue, type Messaging } from '@mxflow/messaging';

import type { FeedEvents } from '../events.ts';
import { publishUntilStop } from '../publish-until-stop.ts';
import { laneMessage } from './lane-message.ts';
import { heldInAll } from './urgent-room.ts';

export type LostCopiesOptions = {
  readonly database: Database;
  readonly messaging: Messaging;
  readonly events: FeedEvents;
};

/** Released again in one go. */
const LIMIT = 2000;

/**
 * Publishes released messages once more that nobody has claimed for so long: their queue copies may be lost with the
 * broker's data, or were never published by a feeder that died. At most as many as the queue does not hold, so that a
 * lane without workers does not fill with copies.
 */
export async function releaseLostCopies(
  { database, messaging, events }: LostCopiesOptions,
  { laneId, afterSeconds }: { readonly laneId: number; readonly afterSeconds: number },
  signal: AbortSignal,
): Promise<void> {
  const released = await countReleased(database, laneId);
  const held = heldInAll(released).messages;
  if (held === 0) return;
  const waiting = (await messaging.queueDepth(laneQueue(laneId))) ?? 0;
  const limit = Math.min(held - waiting, LIMIT);
  if (limit <= 0) return;
  const again = await releaseAgain(database, { laneId, afterSeconds, limit });
  if (again.length === 0) return;
  events.releasedAgain(laneId, again.length);
  await publishUntilStop(
    messaging,
    again.map((message) => laneMessage(laneId, message)),
    signal,
  );
}
