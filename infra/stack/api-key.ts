import { createHash, randomBytes } from 'node:crypto';

import { Client } from 'pg';

export type ApiKeyOrder = {
  readonly databaseUrl: string;
  /** Made when it does not exist. */
  readonly tenant: string;
  readonly scopes: readonly string[];
};

/** Issues a key that the API accepts at once; only its hash is stored, so it can be read here and never again. */
export async function issueApiKey({ databaseUrl, tenant, scopes }: ApiKeyOrder): Promise<string> {
  const key = `mxf_${randomBytes(32).toString('base64url')}`;
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('INSERT INTO tenants (name) VALUES ($1) ON CONFLICT DO NOTHING', [tenant]);
    await client.query(
      `INSERT INTO api_keys (tenant_id, name, sha256, scopes) SELECT id, 'one-machine stack', $2, $3 FROM tenants WHERE name = $1`,
      [tenant, createHash('sha256').update(key).digest(), scopes],
    );
    return key;
  } finally {
    await client.end();
  }
}
