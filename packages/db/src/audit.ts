import type { Database } from './database.ts';

/** One call of the API. Tenant and key are missing where the call carried no valid key. */
export type AuditEntry = {
  readonly tenantId?: number;
  readonly apiKeyId?: number;
  /** Method and route, e.g. `POST /v1/jobs/:id/pause`. */
  readonly action: string;
  /** The id that the call named. */
  readonly subject?: string;
  /** The status code it was answered with. */
  readonly outcome: string;
};

/** Appends entries in one statement. */
export async function appendAudit(database: Database, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await database.client.auditEntry.createMany({ data: [...entries] });
}
