import { Client } from 'pg';
import { expect, test } from 'vitest';

import { createTestDatabase, createWorld } from '../testing/index.ts';

async function rowsOf(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('two worlds share neither database nor virtual host', async () => {
  await using one = await createWorld();
  await using other = await createWorld();
  expect(one.databaseUrl).not.toBe(other.databaseUrl);
  expect(one.amqpUrl).not.toBe(other.amqpUrl);
  await rowsOf(one.databaseUrl, 'CREATE TABLE t (n int)');
  expect(await rowsOf(other.databaseUrl, `SELECT 1 FROM pg_tables WHERE tablename = 't'`)).toEqual([]);
});

test('a template is prepared once, for databases made at the same time too', async () => {
  let prepared = 0;
  const templateKey = `once ${process.pid} ${Date.now()}`;
  const prepare = async (url: string): Promise<void> => {
    prepared += 1;
    await rowsOf(url, 'CREATE TABLE t AS SELECT 7 AS n');
  };
  const databases = await Promise.all([1, 2, 3].map(() => createTestDatabase({ prepare, templateKey })));
  for (const database of databases) {
    expect(await rowsOf(database.databaseUrl, 'SELECT n FROM t')).toEqual([{ n: 7 }]);
    await database[Symbol.asyncDispose]();
  }
  expect(prepared).toBe(1);
});

test('a database is gone at the end, though somebody is connected to it', async () => {
  const database = await createTestDatabase();
  const client = new Client({ connectionString: database.databaseUrl });
  client.on('error', () => {});
  await client.connect();
  await database[Symbol.asyncDispose]();
  await expect(rowsOf(database.databaseUrl, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' });
});
