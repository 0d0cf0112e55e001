import { expect, test } from 'vitest';

import { freeSlots, readFleetTotals, readScopeTotals, settleGrants, type ScopeRequest } from '../src/index.ts';
import { account, openArbiter, PATH } from './arbiter.ts';

const OTHER_PATH: Partial<ScopeRequest> = { scopeKey: 'path:192.0.2.2/1', mxIp: '192.0.2.2' };

test('scopes of one rule and source add up, holds included, until nobody used them for an hour', async () => {
  await using world = await openArbiter([{ maxConnections: 5, messagesPerHour: 10_000 }]);
  const epoch = await world.worker();
  expect(await readScopeTotals(world)).toEqual([]);
  const first = await world.ask(epoch);
  const second = await world.ask(epoch, OTHER_PATH);
  const both = {
    ruleId: 'any',
    publicId: 1,
    connections: 2,
    maxConnections: 10,
    messagesPerHour: 20_000,
    level: 238,
    outstanding: 2,
    burst: 240,
    suspended: 0,
  };
  expect(await readScopeTotals(world)).toEqual([both]);

  await world.client.$executeRawUnsafe(
    `INSERT INTO holds (group_key, public_id, suspended_until, connections_cap, capped_until, reason)
     VALUES ('site:1', 1, mxflow_now() + interval '1 minute', 1, mxflow_now() + interval '1 hour', 'test')`,
  );
  expect(await readScopeTotals(world)).toEqual([{ ...both, maxConnections: 2, suspended: 2 }]);

  await freeSlots(world, epoch, [first.slotId ?? '', second.slotId ?? '']);
  await settleGrants(world, epoch, [
    { scopeKey: PATH, account: account(1, 1) },
    { scopeKey: 'path:192.0.2.2/1', account: account(1, 1) },
  ]);
  await world.pass(3599);
  expect(await readScopeTotals(world)).toMatchObject([{ connections: 0, outstanding: 0, level: 240, suspended: 0 }]);
  await world.pass(2);
  expect(await readScopeTotals(world)).toEqual([]);
});

test('the fleet: workers alive, paths at rest, the version of the rules', async () => {
  await using world = await openArbiter([{}]);
  const before = await readFleetTotals(world);
  await world.worker();
  await world.client.$executeRawUnsafe(
    `INSERT INTO path_back_off (public_id, mx_ip, blocked_until) VALUES (1, '192.0.2.1', mxflow_now() + interval '1 minute')`,
  );
  expect(await readFleetTotals(world)).toEqual({ ...before, workersAlive: 1, pathsResting: 1 });
  await world.pass(61);
  expect(await readFleetTotals(world)).toMatchObject({ pathsResting: 0, rulesVersion: await world.version() });
});
