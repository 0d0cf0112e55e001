import { createTestDatabase } from '@mxflow/infra/testing';
import pg from 'pg';
import { expect, test } from 'vitest';

import { migrate } from '../src/index.ts';

test('one process migrates database after database, a second time without effect, and two at once', async () => {
  const migrations: (readonly string[])[] = [];
  for (let round = 0; round < 4; round++) {
    await using database = await createTestDatabase();
    migrations.push(await migrate(database.databaseUrl));
    expect(await migrate(database.databaseUrl)).toEqual([]);
  }
  await using one = await createTestDatabase();
  await using other = await createTestDatabase();
  migrations.push(...(await Promise.all([migrate(one.databaseUrl), migrate(other.databaseUrl)])));
  expect(migrations[0]).toContain('0001_first');
  for (const applied of migrations) expect(applied).toEqual(migrations[0]);
});

test('a migration that Postgres refuses is told with its reason, and the next database is migrated', async () => {
  await using taken = await createTestDatabase();
  const client = new pg.Client({ connectionString: taken.databaseUrl });
  await client.connect();
  await client.query('CREATE TABLE tenants (name text)');
  await client.end();
  await expect(migrate(taken.databaseUrl)).rejects.toThrow(/tenants|not empty/);
  await using fresh = await createTestDatabase();
  expect(await migrate(fresh.databaseUrl)).toContain('0001_first');
});
