import { askForSync, openDatabase, readSyncState, type Database } from '@mxflow/db';
import { expect, test } from 'vitest';

import { documentOf, startSigningServer } from './hub.ts';
import { openReplica, startInstance } from './instance.ts';
import { startService } from './service-process.ts';

/** Where a run writes, in the order in which it does: what it keeps, each kind of list, the announcement, the end. */
const STEPS = [
  'INSERT ON rule_set_versions',
  'DELETE ON set_rules',
  'INSERT ON mx_rule_limits',
  'INSERT ON bounce_rules',
  'UPDATE ON instance',
  'UPDATE OF etag ON sync_state',
] as const;
const GATE = 4242;

/** Whoever writes there waits until the gate is opened. */
async function closeGate(database: Database, gate: Database, step: string): Promise<void> {
  await gate.client.$queryRawUnsafe(`SELECT pg_advisory_lock(${GATE})::text`);
  await database.client.$executeRawUnsafe(
    `CREATE OR REPLACE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql
     AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(${GATE}); RETURN NULL; END'`,
  );
  await database.client.$executeRawUnsafe(
    `CREATE TRIGGER gate AFTER ${step} FOR EACH STATEMENT EXECUTE FUNCTION wait_at_gate()`,
  );
}

async function openGate(database: Database, gate: Database, step: string): Promise<void> {
  await gate.client.$queryRawUnsafe(`SELECT pg_advisory_unlock(${GATE})::text`);
  // Waits for the transaction that stood there.
  await database.client.$executeRawUnsafe(`DROP TRIGGER gate ON ${step.split(' ').at(-1)}`);
}

/** Asked over the session that holds the gate, which a pool would close in a longer silence. */
async function isWaiting(database: Database): Promise<boolean> {
  const rows = await database.client.$queryRawUnsafe<object[]>(
    `SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = ${GATE} AND NOT granted`,
  );
  return rows.length > 0;
}

test('killed at any step of putting a rule set in force, it has changed nothing', { timeout: 120_000 }, async () => {
  await using instance = await startInstance();
  await using hub = await startSigningServer();
  const { database, databaseUrl } = instance;
  await using gate = openDatabase(databaseUrl, { poolSize: 1 });
  await hub.serve(documentOf(1));
  await using replica = await openReplica(instance, hub);
  await replica.turn();
  const before = await instance.inForce();
  await hub.serve(documentOf(2));
  // Asked for once: whoever dies over it leaves it to be made again.
  await askForSync(database, { dryRun: false });
  for (const step of STEPS) {
    await closeGate(database, gate, step);
    await using service = startService({ DATABASE_URL: databaseUrl, MXFLOW_SYNC_URL: hub.url });
    await expect.poll(() => isWaiting(gate), { timeout: 40_000, interval: 50, message: step }).toBe(true);
    await service.end('SIGKILL');
    await openGate(database, gate, step);
    expect(await instance.inForce(), step).toBe(before);
    expect(await readSyncState(database), step).toMatchObject({ newest: 1, etag: '"1"' });
    // Nobody waits here for each run to count as lost, but for the last.
    if (step !== STEPS.at(-1))
      await database.client.$executeRawUnsafe(`UPDATE sync_state SET run_until = mxflow_now()`);
  }
  await using service = startService({ DATABASE_URL: databaseUrl, MXFLOW_SYNC_URL: hub.url });
  const inForce = async () => (await readSyncState(database)).lists.mx_rules;
  await expect.poll(inForce, { timeout: 40_000, interval: 100 }).toBe(2);
  expect(await service.end('SIGTERM')).toEqual([0, null]);
});
