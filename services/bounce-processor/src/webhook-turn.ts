import {
  disableEndpoint,
  nextWebhookEvents,
  recordDelivered,
  recordDeliveryFailure,
  releaseEndpoint,
  type Database,
  type LeasedEndpoint,
} from '@mxflow/db';

import { stepAfter, type DeliveryResult } from './delivery-step.ts';
import type { WebhookEvents } from './events.ts';
import { batchOf } from './webhook-body.ts';
import { REQUEST_LIMIT_MS, type WebhookPost } from './webhook-post.ts';

export type TurnOptions = {
  readonly database: Database;
  readonly post: WebhookPost;
  /** Opens an endpoint's sealed secret; `undefined` where it was sealed under another. */
  readonly openSecret: (sealed: Uint8Array) => string | undefined;
  readonly events: WebhookEvents;
  /** UUID of this process in the leases. */
  readonly sender: string;
};

/** How long a lease holds without a renewal: a killed process's endpoints wait so long. */
export const LEASE_SECONDS = 30;
const MAX_EVENTS = 200;
/** A busy endpoint hands its place on after so long: others may wait for one. */
const TURN_MS = 5_000;
/** A request may begin so long after the lease was renewed: it must end while the lease still holds. */
const LEASE_TRUSTED_MS = LEASE_SECONDS * 1000 - 2 * REQUEST_LIMIT_MS;

/**
 * Tells one leased endpoint what waits for it, one request after another, so that the events of a message arrive in
 * order. Ends, with the lease given up, when nothing waits, its turn is over, a delivery failed, or `signal` says stop.
 */
export async function takeTurn(endpoint: LeasedEndpoint, signal: AbortSignal, options: TurnOptions): Promise<void> {
  const { database, sender } = options;
  const endsAt = performance.now() + TURN_MS;
  let { failures } = endpoint;
  while (!signal.aborted && performance.now() < endsAt) {
    const delivery = await deliverNext(endpoint, failures, options);
    switch (delivery) {
      case 'delivered':
        failures = 0;
        break;
      case 'nothing-waits':
        return await releaseEndpoint(database, sender, endpoint.id);
      case 'over':
        return;
    }
  }
  await releaseEndpoint(database, sender, endpoint.id);
}

/** `over`: the lease is lost, or given up with the failure. */
async function deliverNext(
  endpoint: LeasedEndpoint,
  failures: number,
  options: TurnOptions,
): Promise<'delivered' | 'nothing-waits' | 'over'> {
  const { database, sender, events } = options;
  const endpointId = endpoint.id;
  const askedAt = performance.now();
  const waiting = await nextWebhookEvents(database, {
    sender,
    endpointId,
    leaseSeconds: LEASE_SECONDS,
    limit: MAX_EVENTS,
  });
  if (waiting === undefined) return 'over';
  if (waiting.length === 0) return 'nothing-waits';
  if (performance.now() - askedAt > LEASE_TRUSTED_MS) return 'over';
  const batch = batchOf(waiting);
  const result = await send(endpoint, batch.body, options);
  const step = stepAfter(result, failures, Math.random());
  events.answered({ endpointId, result, step, events: batch.events.length, failures });
  switch (step.kind) {
    case 'delivered':
      await recordDelivered(database, endpointId, batch.events);
      return 'delivered';
    case 'disable':
      await disableEndpoint(database, sender, endpointId);
      return 'over';
    case 'retry':
      await recordDeliveryFailure(database, sender, { endpointId, retryAfterMs: step.afterMs });
      return 'over';
  }
}

async function send(endpoint: LeasedEndpoint, body: string, options: TurnOptions): Promise<DeliveryResult> {
  const secret = options.openSecret(endpoint.secret);
  // Never unsigned: the receiver could not tell it from anybody's.
  if (secret === undefined)
    return { kind: 'unreachable', because: 'its secret was sealed under another MXFLOW_SECRET' };
  return await options.post.send({ url: endpoint.url, secret, body, now: Date.now() });
}
