import { expect, test } from 'vitest';

import {
  EpochFencedError,
  fenceDeadWorkers,
  freeSlots,
  holdEpoch,
  loseSlots,
  renewWorker,
  settleGrants,
  stopWorker,
} from '../src/index.ts';
import { account, openArbiter, PATH, wish } from './arbiter.ts';

const FENCE = { lifeSeconds: 15, lostHoldSeconds: 600 };

test('tokens whose answer was lost are taken back at the next request', async () => {
  await using world = await openArbiter([{ messagesPerHour: 10_000 }]);
  const epoch = await world.worker();
  const lost = await world.ask(epoch, { slots: 0, tokens: 4 });
  expect(lost.tokens).toBe(4);
  const next = await world.ask(epoch, { slots: 0, tokens: 1, account: account(0) });
  expect(next).toMatchObject({ tokens: 1, drawn: 1 });
  expect(await world.scope(PATH)).toMatchObject({ outstanding: 1, level: 119 });
});

test('a fenced epoch gets nothing and settles nothing', async () => {
  await using world = await openArbiter([{}]);
  const epoch = await world.worker();
  await world.ask(epoch);
  await world.pass(700);
  expect(await fenceDeadWorkers(world, FENCE)).toEqual([epoch]);
  await expect(world.ask(epoch)).rejects.toBeInstanceOf(EpochFencedError);
  await settleGrants(world, epoch, [{ scopeKey: PATH, account: account(1, 1) }]);
  expect(await renewWorker(world, epoch)).toEqual({ kind: 'fenced' });
});

test('what a silent worker held that is not proven dead is held until the hold is over; its tokens count as sent', async () => {
  await using world = await openArbiter([{ maxConnections: 1 }]);
  const [silent, other] = [await world.worker(), await world.worker()];
  await using _session = await holdEpoch(world.url, silent);
  await world.ask(silent);
  await world.pass(300);
  await renewWorker(world, other);
  expect(await fenceDeadWorkers(world, FENCE)).toEqual([]);
  expect((await world.ask(other)).binds).toBe('connections');
  await world.pass(400);
  await renewWorker(world, other);
  expect(await fenceDeadWorkers(world, FENCE)).toEqual([silent]);
  expect(await world.scope(PATH)).toMatchObject({ slots: 0, outstanding: 0 });
  expect((await world.ask(other)).slotId).toBeDefined();
});

test('a worker whose session went right after a renewal is proven dead, and freed after one life', async () => {
  await using world = await openArbiter([{ maxConnections: 1 }]);
  const [dead, other] = [await world.worker(), await world.worker()];
  const session = await holdEpoch(world.url, dead);
  await world.ask(dead);
  await session[Symbol.asyncDispose]();
  await world.pass(3);
  expect(await fenceDeadWorkers(world, FENCE)).toEqual([]);
  await world.pass(13);
  await renewWorker(world, other);
  expect(await fenceDeadWorkers(world, FENCE)).toEqual([dead]);
  expect((await world.ask(other)).slotId).toBeDefined();
});

test('a session that went long after the last renewal proves nothing', async () => {
  await using world = await openArbiter([{ maxConnections: 1 }]);
  const cutOff = await world.worker();
  const session = await holdEpoch(world.url, cutOff);
  await world.ask(cutOff);
  expect(await fenceDeadWorkers(world, FENCE)).toEqual([]);
  await world.pass(90);
  await session[Symbol.asyncDispose]();
  expect(await fenceDeadWorkers(world, FENCE)).toEqual([]);
  await world.pass(30);
  expect(await fenceDeadWorkers(world, FENCE)).toEqual([]);
});

test('a worker that went on renewing without its session proves nothing by falling silent', async () => {
  await using world = await openArbiter([{ maxConnections: 1 }]);
  const epoch = await world.worker();
  const session = await holdEpoch(world.url, epoch);
  await world.ask(epoch);
  await session[Symbol.asyncDispose]();
  expect(await fenceDeadWorkers(world, FENCE)).toEqual([]);
  await world.pass(3);
  await renewWorker(world, epoch);
  await world.pass(20);
  expect(await fenceDeadWorkers(world, FENCE)).toEqual([]);
});

test('a session that comes back proves the worker alive', async () => {
  await using world = await openArbiter([{}]);
  const epoch = await world.worker();
  const session = await holdEpoch(world.url, epoch);
  await session[Symbol.asyncDispose]();
  expect(await fenceDeadWorkers(world, FENCE)).toEqual([]);
  await using _again = await holdEpoch(world.url, epoch);
  await world.pass(20);
  expect(await fenceDeadWorkers(world, FENCE)).toEqual([]);
});

test('a worker that stops in order leaves nothing behind', async () => {
  await using world = await openArbiter([{}]);
  const epoch = await world.worker();
  await world.ask(epoch);
  await stopWorker(world, epoch);
  expect(await world.scope(PATH)).toMatchObject({ slots: 0, outstanding: 0 });
});

test('a full scope that has room again is announced, once, and one that was not full is not', async () => {
  await using world = await openArbiter([{ maxConnections: 2 }]);
  const [one, other] = [await world.worker(), await world.worker()];
  const heard: string[] = [];
  await using session = await holdEpoch(world.url, other, (channel, payload) => heard.push(`${channel} ${payload}`));
  const first = await world.ask(one);
  await freeSlots(world, one, [first.slotId ?? '']);
  const second = await world.ask(one);
  const third = await world.ask(one);
  expect((await world.ask(other)).binds).toBe('connections');
  await freeSlots(world, one, [second.slotId ?? '']);
  await freeSlots(world, one, [third.slotId ?? '']);
  await expect.poll(() => heard).toEqual([`mxflow_scopes ${PATH}`]);
  expect(session).toBeDefined();
});

test('a request that was held up, and comes after a later one, changes nothing', async () => {
  await using world = await openArbiter([{ messagesPerHour: 10_000 }]);
  const epoch = await world.worker();
  const { drawn } = await world.ask(epoch, { slots: 0, tokens: 5 });
  const late = { ...wish({ account: account(0) }), number: 1 };
  const rows = await world.client.$queryRawUnsafe<{ tokens: number; slot: string | null }[]>(
    `SELECT tokens, slot_id::text AS slot FROM mxflow_request($1::int, $2::bigint, $3::jsonb)`,
    epoch,
    await world.version(),
    JSON.stringify([late]),
  );
  expect(rows).toEqual([{ tokens: 0, slot: null }]);
  expect(await world.scope(PATH)).toMatchObject({ outstanding: drawn, slots: 0 });
});

test('no grant for a source that is paused, or that the worker did not register', async () => {
  await using world = await openArbiter([{}]);
  const epoch = await world.worker();
  expect(await world.ask(epoch, { publicId: 2, scopeKey: 'path:192.0.2.1/2' })).toMatchObject({ binds: 'suspended' });
  await world.client.$executeRawUnsafe(
    `INSERT INTO sources (public_id, public_ip, helo_name, weight, pools, paused_at)
     VALUES (1, '192.0.2.9', 'mta.test', 1, '{default}', mxflow_now())`,
  );
  expect(await world.ask(epoch)).toMatchObject({ binds: 'suspended', slotId: undefined });
});

test('a slot whose connection nobody can account for is counted for a full hold, whatever becomes of its worker', async () => {
  await using world = await openArbiter([{ maxConnections: 2 }]);
  const [cutOff, other] = [await world.worker(), await world.worker()];
  await fenceDeadWorkers(world, FENCE);
  const { slotId } = await world.ask(cutOff);
  if (slotId === undefined) throw new Error('no slot');
  await loseSlots(world, other, [slotId]);
  await loseSlots(world, cutOff, [slotId]);
  // Its worker is done with it: it cannot free it, and its own end does not.
  await freeSlots(world, cutOff, [slotId]);
  await stopWorker(world, cutOff);
  expect(await world.scope(PATH)).toMatchObject({ slots: 1 });
  await world.pass(590);
  await renewWorker(world, other);
  await fenceDeadWorkers(world, FENCE);
  expect(await world.scope(PATH)).toMatchObject({ slots: 1 });
  await world.pass(20);
  await renewWorker(world, other);
  await fenceDeadWorkers(world, FENCE);
  expect(await world.scope(PATH)).toMatchObject({ slots: 0 });
});
