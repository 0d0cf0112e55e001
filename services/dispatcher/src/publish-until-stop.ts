import { setTimeout as pause } from 'node:timers/promises';

import type { Messaging, Outgoing } from '@mxflow/messaging';

/** What a stop allows for confirms of what was just published. */
const GRACE_MS = 3000;

/**
 * Publishes and waits for the confirms; after a stop only a little longer, should the broker be away. What it then loses
 * is found by the sweeps: everything published here is only a copy of what stands in Postgres.
 */
export async function publishUntilStop(
  messaging: Messaging,
  messages: readonly Outgoing[],
  signal: AbortSignal,
): Promise<void> {
  if (messages.length === 0) return;
  const settled = new AbortController();
  const publishing = messaging.publishMany(messages).finally(() => settled.abort());
  await Promise.race([publishing, graceAfter(signal, settled.signal)]);
}

async function graceAfter(stop: AbortSignal, settled: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of [stop, settled]) {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true, signal: settled });
    }
  });
  await pause(GRACE_MS, undefined, { signal: settled }).catch(() => {});
}
