import type { Database } from './database.ts';

/** An endpoint that has something to be told and that nobody else tells for as long as the lease holds. */
export type LeasedEndpoint = {
  readonly id: number;
  readonly url: string;
  /** Encrypted; this room never sees it in clear. */
  readonly secret: Uint8Array;
  /** Deliveries that failed one after another. */
  readonly failures: number;
};

/** What upstream is told about one event of one message; times, ids and words as they go out. */
export type OutboxEvent = {
  /** Rises from event to event of a message. Decimal text. */
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>>;
};

/** Who holds a lease: a UUID of the process's own. */
export type Holder = { readonly sender: string; readonly leaseSeconds: number };

/**
 * Leases endpoints whose events are due, those first that have waited longest; none that another sender holds.
 *
 * @param failing only those whose latest delivery failed, or only those whose latest did not: the two kinds are asked
 * for apart, so that endpoints that take their time to fail cannot take every place.
 */
export async function leaseDueEndpoints(
  database: Database,
  { sender, leaseSeconds, failing, limit }: Holder & { readonly failing: boolean; readonly limit: number },
): Promise<readonly LeasedEndpoint[]> {
  return await database.client.$queryRawUnsafe<LeasedEndpoint[]>(
    `WITH due AS (
       SELECT id FROM webhook_endpoints e
       WHERE disabled_at IS NULL AND next_at <= (SELECT mxflow_now()) AND (failures > 0) = $3::boolean
         AND (sender IS NULL OR sender_until <= (SELECT mxflow_now()))
         AND EXISTS (SELECT FROM webhook_outbox o WHERE o.endpoint_id = e.id)
       ORDER BY next_at LIMIT $4::int FOR NO KEY UPDATE SKIP LOCKED
     )
     UPDATE webhook_endpoints e SET sender = $1::uuid,
       sender_until = (SELECT mxflow_now()) + $2::float8 * interval '1 second'
     FROM due WHERE e.id = due.id
     RETURNING e.id, e.url, e.secret, e.failures`,
    sender,
    leaseSeconds,
    failing,
    limit,
  );
}

/**
 * The next events of a leased endpoint, oldest first, with the lease begun anew; `undefined` where the lease is lost or
 * the endpoint was disabled or deleted meanwhile: nothing more may be sent under it.
 */
export async function nextWebhookEvents(
  database: Database,
  { sender, leaseSeconds, endpointId, limit }: Holder & { readonly endpointId: number; readonly limit: number },
): Promise<readonly OutboxEvent[] | undefined> {
  const renewed = await database.client.$executeRawUnsafe(
    `UPDATE webhook_endpoints SET sender_until = mxflow_now() + $3::float8 * interval '1 second'
     WHERE id = $1::int AND sender = $2::uuid AND sender_until > mxflow_now() AND disabled_at IS NULL`,
    endpointId,
    sender,
    leaseSeconds,
  );
  if (renewed === 0) return undefined;
  return await database.client.$queryRawUnsafe<OutboxEvent[]>(
    `SELECT id::text AS id, body FROM webhook_outbox WHERE endpoint_id = $1::int ORDER BY webhook_outbox.id LIMIT $2::int`,
    endpointId,
    limit,
  );
}

/** Forgets events that the endpoint has acknowledged, and its failures. */
export async function recordDelivered(
  database: Database,
  endpointId: number,
  events: readonly OutboxEvent[],
): Promise<void> {
  await database.client.$executeRawUnsafe(
    `WITH told AS (
       DELETE FROM webhook_outbox WHERE endpoint_id = $1::int AND id = ANY ($2::bigint[])
     )
     UPDATE webhook_endpoints SET failures = 0 WHERE id = $1::int AND failures <> 0`,
    endpointId,
    events.map(({ id }) => id),
  );
}

/** Gives the lease up after a failed delivery: the next one is tried `retryAfterMs` from now, by anybody. */
export async function recordDeliveryFailure(
  database: Database,
  sender: string,
  failure: { readonly endpointId: number; readonly retryAfterMs: number },
): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE webhook_endpoints SET failures = failures + 1, sender = NULL, sender_until = NULL,
       next_at = mxflow_now() + $3::float8 * interval '1 millisecond'
     WHERE id = $1::int AND sender = $2::uuid`,
    failure.endpointId,
    sender,
    failure.retryAfterMs,
  );
}

/** Gives the lease up; the endpoint takes its turn behind those that have waited longer. */
export async function releaseEndpoint(database: Database, sender: string, endpointId: number): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE webhook_endpoints SET sender = NULL, sender_until = NULL, next_at = mxflow_now()
     WHERE id = $1::int AND sender = $2::uuid`,
    endpointId,
    sender,
  );
}

/** Tells an endpoint nothing more, until it is enabled again: it said that it is gone. */
export async function disableEndpoint(database: Database, sender: string, endpointId: number): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE webhook_endpoints SET disabled_at = coalesce(disabled_at, mxflow_now()), failures = failures + 1,
       sender = NULL, sender_until = NULL
     WHERE id = $1::int AND sender = $2::uuid`,
    endpointId,
    sender,
  );
}

/** Events of one endpoint that were dropped undelivered. */
export type DroppedEvents = { readonly endpointId: number; readonly events: number };

/** Drops events older than `afterSeconds`, at most `limit` of each endpoint; answers how many of which. */
export async function dropOldEvents(
  database: Database,
  { afterSeconds, limit }: { readonly afterSeconds: number; readonly limit: number },
): Promise<readonly DroppedEvents[]> {
  return await database.client.$queryRawUnsafe<DroppedEvents[]>(
    `WITH old AS (
       SELECT o.id FROM webhook_endpoints e CROSS JOIN LATERAL (
         SELECT id, created_at FROM webhook_outbox WHERE endpoint_id = e.id ORDER BY id LIMIT $2::int
       ) o
       WHERE o.created_at < (SELECT mxflow_now()) - $1::float8 * interval '1 second'
     ), free AS (
       SELECT id FROM webhook_outbox WHERE id IN (SELECT id FROM old) FOR UPDATE SKIP LOCKED
     ), dropped AS (
       DELETE FROM webhook_outbox o USING free WHERE o.id = free.id RETURNING o.endpoint_id
     )
     SELECT endpoint_id AS "endpointId", count(*)::int AS events FROM dropped GROUP BY 1 ORDER BY 1`,
    afterSeconds,
    limit,
  );
}

/** Events that wait to be told. */
export async function countWaitingEvents(database: Database): Promise<number> {
  return await database.client.webhookOutbox.count();
}
