import { createHash, randomBytes } from 'node:crypto';

import type { Database } from './database.ts';

/** What a key allows. `keys:write` is for administrators of a tenant: whoever holds it can make any other of the tenant. */
export const SCOPES = [
  'jobs:write',
  'jobs:read',
  'webhooks:write',
  'keys:write',
  'rules:read',
  'rules:write',
  'bounces:read',
  'bounces:write',
  'quarantine:read',
  'quarantine:write',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Scopes that reach beyond a tenant: rules, and the addresses of the whole instance. They belong to operators. */
export function isOfInstance(scope: Scope): boolean {
  return /^(?:rules|bounces|quarantine):/.test(scope);
}

/** Who calls: found by the key that the call carries. */
export type Caller = { readonly apiKeyId: number; readonly tenantId: number; readonly scopes: readonly Scope[] };

/** `mxk_` and 256 random bits in base 62. */
export const API_KEY_SHAPE = /^mxk_[0-9A-Za-z]{43}$/;

/** Makes a key for a tenant, which is created where it is new. The key itself is stored nowhere: it is shown once. */
export async function issueApiKey(
  database: Database,
  { tenant, name, scopes }: { tenant: string; name: string; scopes: readonly Scope[] },
): Promise<{ readonly id: number; readonly key: string }> {
  const { id: tenantId } = await database.client.tenant.upsert({
    where: { name: tenant },
    create: { name: tenant },
    update: {},
  });
  return await issueTenantKey(database, { tenantId, name, scopes });
}

/** The same for a tenant that exists. */
export async function issueTenantKey(
  database: Database,
  { tenantId, name, scopes }: { tenantId: number; name: string; scopes: readonly Scope[] },
): Promise<{ readonly id: number; readonly key: string }> {
  const key = `mxk_${base62(randomBytes(32))}`;
  const { id } = await database.client.apiKey.create({
    data: { tenantId, name, sha256: hashApiKey(key), scopes: [...scopes] },
  });
  return { id, key };
}

/** Whose key this is; `undefined` where nobody's, or it was revoked. */
export async function findCaller(database: Database, sha256: Uint8Array<ArrayBuffer>): Promise<Caller | undefined> {
  const row = await database.client.apiKey.findFirst({ where: { sha256, revokedAt: null } });
  return row === null
    ? undefined
    : { apiKeyId: row.id, tenantId: row.tenantId, scopes: SCOPES.filter((scope) => row.scopes.includes(scope)) };
}

export function hashApiKey(key: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash('sha256').update(key).digest());
}

export type ApiKeyOverview = {
  readonly id: number;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
};

export async function listApiKeys(database: Database, tenantId: number): Promise<readonly ApiKeyOverview[]> {
  return await database.client.apiKey.findMany({
    where: { tenantId },
    select: { id: true, name: true, scopes: true, createdAt: true, revokedAt: true },
    orderBy: { id: 'asc' },
  });
}

/** Revokes a tenant's key for good; false where it has none with this id. Revoking again changes nothing. */
export async function revokeApiKey(database: Database, tenantId: number, id: number): Promise<boolean> {
  const found = await database.client.$executeRawUnsafe(
    `UPDATE api_keys SET revoked_at = coalesce(revoked_at, mxflow_now()) WHERE tenant_id = $1::int AND id = $2::int`,
    tenantId,
    id,
  );
  return found === 1;
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Octets as one number in base 62, at the width that the largest needs: 43 digits for 32 octets, 22 for 16. */
export function base62(octets: Uint8Array): string {
  let rest = BigInt(`0x${Buffer.from(octets).toString('hex')}`);
  let text = '';
  for (; rest > 0n; rest /= 62n) text = DIGITS[Number(rest % 62n)] + text;
  return text.padStart(Math.ceil((octets.length * 8) / Math.log2(62)), '0');
}
