import { leaseDueEndpoints } from '@mxflow/db';
import type { ProcessContext } from '@mxflow/process';

import { createPlaces, type PlaceGroup } from './webhook-places.ts';
import { LEASE_SECONDS, takeTurn, type TurnOptions } from './webhook-turn.ts';

export type WebhookSenderOptions = TurnOptions & {
  /** Endpoints told at once by this process. */
  readonly concurrency: number;
  readonly every: ProcessContext['every'];
};

const LOOK_EVERY_MS = 1_000;

/**
 * Tells endpoints what waits for them: leases those that are due, and gives each a turn beside the others. Several
 * processes share the endpoints by their leases. Disposing lets requests in hand end and gives the leases up.
 */
export function startWebhookSender({ concurrency, every, ...turn }: WebhookSenderOptions): AsyncDisposable {
  const { database, sender, events } = turn;
  const stopping = new AbortController();
  let mayBeMore = false;
  const places = createPlaces(concurrency, () => {
    if (mayBeMore) looking.wake();
  });

  async function fill(group: PlaceGroup): Promise<boolean> {
    const limit = places.free(group);
    if (limit <= 0) return true;
    const failing = group === 'failing';
    const leased = await leaseDueEndpoints(database, { sender, leaseSeconds: LEASE_SECONDS, failing, limit });
    for (const endpoint of leased) {
      places.take(group, async () => {
        try {
          await takeTurn(endpoint, stopping.signal, turn);
        } catch (error) {
          // The lease ends by itself; what was not recorded as delivered is sent again.
          events.turnBroken(endpoint.id, error);
        }
      });
    }
    return leased.length === limit;
  }

  const looking = every(
    LOOK_EVERY_MS,
    async () => {
      const full = [await fill('sound'), await fill('failing')];
      mayBeMore = full.includes(true);
    },
    { name: 'webhooks' },
  );
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await looking[Symbol.asyncDispose]();
      await places.emptied();
    },
  };
}
