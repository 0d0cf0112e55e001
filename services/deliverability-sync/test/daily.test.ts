import { askForSync, listSyncRuns, readRuleSet, readSyncState, setLevel } from '@mxflow/db';
import { DEFAULT_MX_RULES } from '@mxflow/domain';
import { expect, test } from 'vitest';

import { documentOf, startSigningServer } from './hub.ts';
import { openReplica, startInstance, type Instance, type ReplicaOptions } from './instance.ts';

/** Three replicas that look every so many minutes; answers the runs that there were, with the time of each. */
async function live(
  instance: Instance,
  replicas: readonly Awaited<ReturnType<typeof openReplica>>[],
  { hours, everyMinutes = 20 }: { hours: number; everyMinutes?: number },
): Promise<readonly string[]> {
  const known = new Set((await listSyncRuns(instance.database, { limit: 100 })).map(({ id }) => id));
  for (let minutes = 0; minutes < hours * 60; minutes += everyMinutes) {
    await instance.passMinutes(everyMinutes);
    await Promise.all(replicas.map((replica) => replica.turn()));
  }
  const runs = await listSyncRuns(instance.database, { limit: 100 });
  return runs
    .filter(({ id }) => !known.has(id))
    .toReversed()
    .map(({ begunAt, cause, outcome }) => `${begunAt?.toISOString().slice(0, 13)} ${cause} ${outcome}`);
}

async function threeReplicas(
  instance: Instance,
  hub: Awaited<ReturnType<typeof startSigningServer>>,
  options?: ReplicaOptions,
) {
  const stack = new AsyncDisposableStack();
  const replicas = [];
  for (let count = 0; count < 3; count += 1) replicas.push(stack.use(await openReplica(instance, hub, options)));
  return { replicas, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('over 48 hours three replicas sync exactly twice, besides the first start', { timeout: 60_000 }, async () => {
  await using instance = await startInstance();
  await using hub = await startSigningServer();
  await instance.setClock('2026-02-01T12:00:00Z');
  await instance.database.client.$executeRawUnsafe(`UPDATE sync_state SET spread = 0.5`);
  await hub.serve(documentOf(1));
  await using three = await threeReplicas(instance, hub);
  await Promise.all(three.replicas.map((replica) => replica.turn()));
  expect((await listSyncRuns(instance.database, { limit: 9 })).map(({ cause }) => cause)).toEqual(['start']);
  const asked = hub.asked.length;
  expect(await live(instance, three.replicas, { hours: 48 })).toEqual([
    '2026-02-02T03 scheduled unchanged',
    '2026-02-03T03 scheduled unchanged',
  ]);
  expect(hub.asked.length - asked).toBe(2);
  // Down over the time of day, and started again: made up at once, and once.
  await instance.passMinutes(20 * 60);
  expect(await live(instance, three.replicas, { hours: 10 })).toEqual(['2026-02-04T08 scheduled unchanged']);
});

test('a day on which the clocks are put forward, or back, has one sync', { timeout: 60_000 }, async () => {
  await using instance = await startInstance();
  await using hub = await startSigningServer();
  await hub.serve(documentOf(1));
  await instance.setClock('2026-03-28T12:00:00Z');
  const schedule = { at: '02:30', zone: 'Europe/Paris', jitterMs: 0 };
  await using three = await threeReplicas(instance, hub, { schedule });
  expect(await live(instance, three.replicas, { hours: 24, everyMinutes: 10 })).toEqual([
    '2026-03-28T12 start applied',
    '2026-03-29T01 scheduled unchanged',
  ]);
  await instance.setClock('2026-10-24T12:00:00Z');
  await three.replicas[0]?.turn();
  expect(await live(instance, three.replicas, { hours: 24, everyMinutes: 10 })).toEqual([
    '2026-10-25T00 scheduled unchanged',
  ]);
});

test('a sync that is switched off, or at Custom, asks for nothing', { timeout: 60_000 }, async () => {
  await using instance = await startInstance();
  await using hub = await startSigningServer();
  await hub.serve(documentOf(1));
  await instance.setClock('2026-02-01T12:00:00Z');
  await using off = await threeReplicas(instance, hub, { enabled: false });
  expect(await live(instance, off.replicas, { hours: 48, everyMinutes: 60 })).toEqual([]);
  await askForSync(instance.database, { dryRun: false });
  await off.replicas[0]?.turn();
  expect(off.replicas[0]?.diary).toEqual(['demand', 'kept-back: disabled']);
  await setLevel(instance.database, 'custom');
  await using custom = await threeReplicas(instance, hub);
  expect(await live(instance, custom.replicas, { hours: 48, everyMinutes: 60 })).toEqual([]);
  await askForSync(instance.database, { dryRun: false });
  await custom.replicas[0]?.turn();
  expect(custom.replicas[0]?.diary).toEqual(['demand', 'kept-back: custom']);
  expect(hub.asked).toEqual([]);
});

test('without a hub at the first start the bundled rules hold; it is asked again, ever less often', async () => {
  await using instance = await startInstance();
  const hub = await startSigningServer();
  await instance.setClock('2026-02-01T12:00:00Z');
  await using replica = await openReplica(instance, hub);
  await hub[Symbol.asyncDispose]();
  await replica.turn();
  await replica.turn();
  expect(replica.diary).toEqual(['start', 'failed: unreachable']);
  await instance.passMinutes(2);
  await replica.turn();
  expect(await readSyncState(instance.database)).toMatchObject({ failures: 2, because: 'unreachable', newest: null });
  expect((await readRuleSet(instance.database)).rules).toEqual(DEFAULT_MX_RULES);
  const runs = await live(instance, [replica], { hours: 24, everyMinutes: 10 });
  expect(runs.length).toBeGreaterThan(6);
  expect(runs.length).toBeLessThan(20);
});
