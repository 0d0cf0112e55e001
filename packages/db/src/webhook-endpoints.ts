import type { Database } from './database.ts';

/** What upstream can be told about a message. */
export const WEBHOOK_EVENTS = [
  'message.sent',
  'message.deferred',
  'message.failed',
  'message.ignored',
  'message.expired',
  'message.cancelled',
  'message.bounced',
  'message.complained',
  'message.unsubscribed',
] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

export type WebhookEndpointOverview = {
  readonly id: number;
  readonly url: string;
  readonly events: readonly string[];
  readonly createdAt: Date;
  readonly disabledAt: Date | null;
  /** Deliveries that failed one after another, the latest included. */
  readonly failures: number;
};

const OVERVIEW = { id: true, url: true, events: true, createdAt: true, disabledAt: true, failures: true } as const;

/** Registers an endpoint. `secret` is encrypted already: this room never sees it in clear. */
export async function createWebhookEndpoint(
  database: Database,
  endpoint: { tenantId: number; url: string; events: readonly WebhookEvent[]; secret: Uint8Array<ArrayBuffer> },
): Promise<WebhookEndpointOverview> {
  return await database.client.webhookEndpoint.create({
    data: { ...endpoint, events: [...endpoint.events] },
    select: OVERVIEW,
  });
}

export async function listWebhookEndpoints(
  database: Database,
  tenantId: number,
): Promise<readonly WebhookEndpointOverview[]> {
  return await database.client.webhookEndpoint.findMany({
    where: { tenantId },
    select: OVERVIEW,
    orderBy: { id: 'asc' },
  });
}

export async function findWebhookEndpoint(
  database: Database,
  tenantId: number,
  id: number,
): Promise<WebhookEndpointOverview | undefined> {
  return (await database.client.webhookEndpoint.findFirst({ where: { tenantId, id }, select: OVERVIEW })) ?? undefined;
}

/**
 * Changes what an endpoint is told and whether it is told anything; `undefined` where the tenant has none with this id.
 * Enabling it again forgets its failures.
 */
export async function changeWebhookEndpoint(
  database: Database,
  { tenantId, id }: { tenantId: number; id: number },
  change: { readonly events?: readonly WebhookEvent[]; readonly enabled?: boolean },
): Promise<WebhookEndpointOverview | undefined> {
  await database.client.$executeRawUnsafe(
    `UPDATE webhook_endpoints SET events = coalesce($3::text[], events),
       disabled_at = CASE WHEN $4::boolean IS NULL THEN disabled_at WHEN $4 THEN NULL
         ELSE coalesce(disabled_at, mxflow_now()) END,
       failures = CASE WHEN $4 THEN 0 ELSE failures END,
       next_at = CASE WHEN $4 THEN mxflow_now() ELSE next_at END
     WHERE tenant_id = $1::int AND id = $2::int`,
    tenantId,
    id,
    change.events ?? null,
    change.enabled ?? null,
  );
  return await findWebhookEndpoint(database, tenantId, id);
}

/** Deletes an endpoint with what it was still to be told; false where the tenant has none with this id. */
export async function deleteWebhookEndpoint(database: Database, tenantId: number, id: number): Promise<boolean> {
  const { count } = await database.client.webhookEndpoint.deleteMany({ where: { tenantId, id } });
  return count === 1;
}
