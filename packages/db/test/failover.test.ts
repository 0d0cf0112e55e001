import { openStateFolder, startPostgres } from '@mxflow/infra/servers';
import { expect, test } from 'vitest';

import {
  fenceDeadWorkers,
  migrate,
  openDatabase,
  registerWorker,
  replaceRules,
  requestGrants,
  type Database,
} from '../src/index.ts';
import { account, rule, wish } from './arbiter.ts';

test('a replica that takes over grants no connection for a full hold, and its buckets start empty', async () => {
  await using folder = openStateFolder();
  await using postgres = await startPostgres({ folder, durability: 'process-death' });
  await migrate(postgres.url);
  await using database = openDatabase(postgres.url, { poolSize: 2, name: 'failover-test' });
  await replaceRules(database, [rule({ maxConnections: 5, messagesPerHour: 100_000 })]);
  const epoch = await registerWorker(database, 'test', [{ publicId: 1 }]);
  await fenceDeadWorkers(database, { lifeSeconds: 15, lostHoldSeconds: 300 });
  const ask = async (change: Parameters<typeof wish>[0] = {}) => {
    const [row] = await database.client.$queryRawUnsafe<{ v: number }[]>(
      'SELECT rules_version::float8 AS v FROM instance',
    );
    return (await requestGrants(database, { epoch, rulesVersion: row?.v ?? 0 }, [wish(change)]))[0];
  };
  expect(await ask()).toMatchObject({ slotId: expect.any(String), tokens: 1 });
  await postgres.restart();
  await untilAnswered(database);
  // A mere restart loses nothing that was committed.
  expect(await ask({ account: account(1) })).toMatchObject({ slotId: expect.any(String) });

  await postgres.failOver();
  await untilAnswered(database);
  const after = await ask({ account: account(2) });
  expect(after).toMatchObject({ slotId: undefined, tokens: 0, binds: 'failover' });
  expect(after?.askAgainMs).toBeGreaterThan(290_000);
  const [scope] = await database.client.$queryRawUnsafe<{ level: number; slots: number }[]>(
    'SELECT level, slots_used AS slots FROM scopes',
  );
  // What is known to be held is kept; and of the 1,200 that the bucket held hardly anything is there again.
  expect(scope?.slots).toBe(2);
  expect(scope?.level).toBeLessThan(600);
  await database.client.$executeRawUnsafe(`UPDATE instance SET no_slots_until = now() - interval '1 second'`);
  await expect.poll(async () => (await ask({ account: account(2) }))?.slotId, POLL).toBeDefined();
});

/** Connections of the pool that the server ended are noticed one by one. */
async function untilAnswered(database: Database): Promise<void> {
  await expect
    .poll(
      () =>
        database.client.$queryRawUnsafe('SELECT 1').then(
          () => true,
          () => false,
        ),
      POLL,
    )
    .toBe(true);
}

const POLL = { timeout: 20_000, interval: 100 };
