import { randomBytes } from 'node:crypto';

import { base62, hashApiKey } from './api-keys.ts';
import type { Database, Statements } from './database.ts';
import { inTransaction } from './transaction.ts';

/** Clients pull rule sets and report texts; editors do all. */
export type HubRole = 'client' | 'editor';

/** Who calls the hub: found by the key that the call carries, revoked ones too, so that they can be told. */
export type HubCaller = { readonly name: string; readonly role: HubRole; readonly isRevoked: boolean };

export type HubKeyOverview = {
  readonly id: number;
  readonly name: string;
  readonly role: HubRole;
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
  readonly lastPullAt: Date | null;
  readonly lastVersion: number | null;
};

export type HubKeyOrder = {
  readonly name: string;
  readonly role: HubRole;
  /** Whether the key in force that has the name goes. */
  readonly replace: boolean;
};

/** Makes a key, which is stored nowhere: it is shown once. `undefined` where a key in force has the name and stays. */
export async function issueHubKey(
  database: Database,
  { name, role, replace }: HubKeyOrder,
): Promise<{ readonly id: number; readonly key: string } | undefined> {
  const key = `mxh_${base62(randomBytes(32))}`;
  return await inTransaction(database, async (tx) => {
    if (replace) await revokeOthers(tx, name, undefined);
    const [row] = await tx.$queryRawUnsafe<{ id: number }[]>(
      `INSERT INTO hub_keys (name, role, sha256) VALUES ($1, $2, $3)
       ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING RETURNING id`,
      name,
      role,
      hashApiKey(key),
    );
    return row === undefined ? undefined : { id: row.id, key };
  });
}

/**
 * Makes a key that the caller knows already valid for a client, in place of the one that had its name. One that was
 * revoked stays so.
 */
export async function admitClientKey(
  database: Database,
  { name, key }: { readonly name: string; readonly key: string },
): Promise<void> {
  const sha256 = hashApiKey(key);
  await inTransaction(database, async (tx) => {
    await revokeOthers(tx, name, sha256);
    await tx.$executeRawUnsafe(
      `INSERT INTO hub_keys (name, role, sha256) VALUES ($1, 'client', $2) ON CONFLICT DO NOTHING`,
      name,
      sha256,
    );
  });
}

async function revokeOthers(tx: Statements, name: string, kept: Uint8Array<ArrayBuffer> | undefined): Promise<void> {
  await tx.$executeRawUnsafe(
    `UPDATE hub_keys SET revoked_at = mxflow_now()
     WHERE name = $1 AND revoked_at IS NULL AND sha256 IS DISTINCT FROM $2::bytea`,
    name,
    kept ?? null,
  );
}

export async function findHubCaller(
  database: Database,
  sha256: Uint8Array<ArrayBuffer>,
): Promise<HubCaller | undefined> {
  const [row] = await database.client.$queryRawUnsafe<HubCaller[]>(
    `SELECT name, role, revoked_at IS NOT NULL AS "isRevoked" FROM hub_keys WHERE sha256 = $1`,
    sha256,
  );
  return row;
}

export async function listHubKeys(database: Database): Promise<readonly HubKeyOverview[]> {
  return await database.client.$queryRawUnsafe<HubKeyOverview[]>(
    `SELECT id, name, role, created_at AS "createdAt", revoked_at AS "revokedAt", last_pull_at AS "lastPullAt",
       last_version AS "lastVersion" FROM hub_keys ORDER BY id`,
  );
}

/** Revokes a key for good; false where there is none with this id. Revoking again changes nothing. */
export async function revokeHubKey(database: Database, id: number): Promise<boolean> {
  const found = await database.client.$executeRawUnsafe(
    `UPDATE hub_keys SET revoked_at = coalesce(revoked_at, mxflow_now()) WHERE id = $1::int`,
    id,
  );
  return found === 1;
}

/** A client has come for the newest version and has it now. */
export type HubPull = { readonly name: string; readonly version: number };

export async function recordHubPulls(database: Database, pulls: readonly HubPull[]): Promise<void> {
  if (pulls.length === 0) return;
  // Rows are locked in their order: two hubs wait for each other, never in a circle.
  await database.client.$executeRawUnsafe(
    `WITH pulled AS (
       SELECT k.id, p.version FROM hub_keys k
       JOIN (SELECT name, max(version) AS version FROM jsonb_to_recordset($1::jsonb) AS r(name text, version int)
         GROUP BY name) p ON p.name = k.name
       WHERE k.revoked_at IS NULL ORDER BY k.id FOR UPDATE OF k
     )
     UPDATE hub_keys k SET last_pull_at = mxflow_now(), last_version = pulled.version FROM pulled WHERE pulled.id = k.id`,
    JSON.stringify(pulls),
  );
}

/** One call of the hub. No name where it carried no key that is in force. */
export type HubAuditEntry = {
  readonly keyName?: string;
  /** Method and route, e.g. `POST /v1/draft/publish`. */
  readonly action: string;
  /** The id that the call named. */
  readonly subject?: string;
  /** The status code it was answered with. */
  readonly outcome: string;
};

/** Appends entries in one statement. */
export async function appendHubAudit(database: Database, entries: readonly HubAuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await database.client.hubAuditEntry.createMany({ data: [...entries] });
}
