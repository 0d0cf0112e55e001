import { burstOf, draw, openBucket, settle } from '@mxflow/domain';
import { expect, test } from 'vitest';

import {
  forgetIdleScopes,
  freeSlots,
  heldSlots,
  listScopes,
  recordPathFailure,
  clearPathFailures,
  renewWorker,
  requestGrants,
  settleGrants,
  stopWorker,
  type Database,
} from '../src/index.ts';
import { account, openArbiter, PATH, wish } from './arbiter.ts';

test('never more connections than the maximum, however many ask at once; a freed one is granted again', async () => {
  await using world = await openArbiter([{ maxConnections: 5 }]);
  const epochs = await Promise.all([world.worker(), world.worker(), world.worker(), world.worker()]);
  const rulesVersion = await world.version();
  const rounds = epochs.flatMap((epoch) => Array.from({ length: 10 }, () => epoch));
  const answers = await Promise.all(
    rounds.map((epoch) => requestGrants(world, { epoch, rulesVersion }, [wish(), wish({ account: undefined })])),
  );
  const granted = answers.flat().filter(({ slotId }) => slotId !== undefined);
  expect(granted).toHaveLength(5);
  expect((await world.scope(PATH))?.slots).toBe(5);
  const [epoch] = epochs;
  const mine = await heldSlots(world, epoch);
  await freeSlots(world, epoch, mine);
  // Twice is as good as once, and of another epoch's nothing can be freed.
  await freeSlots(world, epoch, mine);
  await freeSlots(
    world,
    epoch,
    granted.flatMap(({ slotId }) => slotId ?? []),
  );
  expect((await world.scope(PATH))?.slots).toBe(5 - mine.length);
});

test('no connection without a token, and none while the scope has none', async () => {
  await using world = await openArbiter([{ messagesPerHour: 100 }]);
  const epoch = await world.worker();
  const first = await world.ask(epoch);
  expect(first).toMatchObject({ tokens: 1, binds: undefined });
  const second = await world.ask(epoch, { account: account(1) });
  expect(second).toMatchObject({ slotId: undefined, tokens: 0, binds: 'rate' });
  expect(await world.ask(epoch, { account: account(1), tokensInHand: 1, tokens: 0 })).toMatchObject({
    binds: undefined,
  });
});

test('a token is outstanding until its reply is told; told twice it counts once, and totals never fall', async () => {
  await using world = await openArbiter([{ messagesPerHour: 100 }]);
  const epoch = await world.worker();
  await world.ask(epoch);
  await world.pass(3000);
  expect(await world.ask(epoch, { slots: 0, account: account(1) })).toMatchObject({ tokens: 0, binds: 'rate' });
  const told = [{ scopeKey: PATH, account: account(1, 1) }];
  await settleGrants(world, epoch, told);
  await settleGrants(world, epoch, told);
  await settleGrants(world, epoch, [{ scopeKey: PATH, account: account(1, 0) }]);
  expect((await world.scope(PATH))?.outstanding).toBe(0);
  await world.pass(40);
  expect(await world.ask(epoch, { slots: 0, account: account(1, 1) })).toMatchObject({ tokens: 1, drawn: 2 });
});

test('a give-back of more than was drawn gives nothing', async () => {
  await using world = await openArbiter([{ messagesPerHour: 10_000 }]);
  const epoch = await world.worker();
  const { drawn } = await world.ask(epoch, { slots: 0, tokens: 5 });
  await settleGrants(world, epoch, [{ scopeKey: PATH, account: account(drawn, 0, 500) }]);
  const scope = await world.scope(PATH);
  expect(scope).toMatchObject({ outstanding: 0, level: burstOf(10_000) });
});

test('over hours the tokens are those of the model', async () => {
  await using world = await openArbiter([{ messagesPerHour: 1000 }]);
  const epoch = await world.worker();
  let now = 0;
  let model = openBucket(1000, 0, 'full');
  let drawn = 0;
  let settled = 0;
  for (let round = 0; round < 120; round += 1) {
    const pause = [3, 40, 0.5, 200][round % 4] ?? 1;
    await world.pass(pause);
    now += pause;
    const wanted = 1 + (round % 3);
    const share = Math.max(1, Math.ceil((989 * 2) / 3600));
    const answer = await world.ask(epoch, { slots: 0, tokens: wanted, account: account(drawn, settled) });
    const expected = draw(model, Math.min(wanted, share), now);
    expect(answer.tokens).toBe(expected.tokens);
    model = expected.bucket;
    drawn = answer.drawn;
    if (round % 2 === 0) {
      await settleGrants(world, epoch, [{ scopeKey: PATH, account: account(drawn, drawn) }]);
      model = settle(model, drawn - settled, now);
      settled = drawn;
    }
  }
  const scope = await world.scope(PATH);
  expect(scope?.outstanding).toBe(model.outstanding);
  expect(scope?.level).toBeCloseTo(model.level, 3);
});

test('one worker takes its share of a scope and one more, while others ask', async () => {
  await using world = await openArbiter([{ maxConnections: 8 }]);
  const [one, other] = [await world.worker(), await world.worker()];
  await world.ask(other);
  const answers = [];
  for (let number = 0; number < 7; number += 1) answers.push(await world.ask(one));
  expect(answers.filter(({ slotId }) => slotId !== undefined)).toHaveLength(5);
  expect(answers.at(-1)?.binds).toBe('share');
  // Alone again: all that is left.
  await world.pass(20);
  expect((await world.ask(one)).slotId).toBeDefined();
});

test('a figure that falls leaves at most the new burst, one that rises no fresh budget', async () => {
  await using world = await openArbiter([{ messagesPerHour: 10_000 }]);
  const epoch = await world.worker();
  await world.ask(epoch, { slots: 0, tokens: 5 });
  expect(await world.scope(PATH)).toMatchObject({ level: 115, outstanding: 5 });
  await world.setRules([{ messagesPerHour: 1000 }]);
  await world.ask(epoch, { slots: 0, tokens: 0, account: account(5) });
  expect(await world.scope(PATH)).toMatchObject({ level: 7, outstanding: 5 });
  await world.setRules([{ messagesPerHour: 10_000 }]);
  await world.ask(epoch, { slots: 0, tokens: 0, account: account(5) });
  expect(await world.scope(PATH)).toMatchObject({ level: 70, outstanding: 5 });
});

test('a maximum that falls: no new connection, and each worker is told its part of those above it', async () => {
  await using world = await openArbiter([{ maxConnections: 6 }]);
  const [one, other] = [await world.worker(), await world.worker()];
  for (const epoch of [one, other, one, other, one, other]) await world.ask(epoch);
  await world.setRules([{ maxConnections: 2 }]);
  expect((await world.ask(one)).binds).toBe('connections');
  expect(await renewWorker(world, one)).toMatchObject({ surplus: [{ scopeKey: PATH, connections: 2 }] });
  expect(await renewWorker(world, other)).toMatchObject({ surplus: [{ scopeKey: PATH, connections: 2 }] });
});

test('whoever asks by old rules gets nothing', async () => {
  await using world = await openArbiter([{}]);
  const epoch = await world.worker();
  const rulesVersion = await world.version();
  await world.setRules([{}]);
  const [answer] = await requestGrants(world, { epoch, rulesVersion }, [wish()]);
  expect(answer).toMatchObject({ slotId: undefined, tokens: 0, binds: 'rules-changed' });
});

test('a scope that takes over paths used within the hour starts empty and inherits their connections', async () => {
  await using world = await openArbiter([{ maxConnections: 3 }]);
  const epoch = await world.worker();
  await world.ask(epoch);
  await world.ask(epoch, { mxIp: '192.0.2.2', scopeKey: 'path:192.0.2.2/1' });
  await world.setRules([{ id: 'big', mask: 'mx*', shared: true, maxConnections: 3 }, {}]);
  const shared = { scopeKey: 'rule:big/1', ruleId: 'big', groupKey: 'rule:big' };
  expect(await world.ask(epoch, shared)).toMatchObject({ slotId: undefined, binds: 'rate' });
  await world.ask(epoch, { ...shared, mxIp: '192.0.2.2', slots: 0, tokens: 0 });
  expect(await world.scope('rule:big/1')).toMatchObject({ slots: 2, level: 0 });
  expect(await world.scope(PATH)).toMatchObject({ slots: 0 });
  // And back: the budget that the shared rule spent is not there a second time.
  await world.pass(60);
  await world.ask(epoch, { ...shared, slots: 0, tokens: 1 });
  await world.setRules([{ maxConnections: 3 }]);
  expect(await world.ask(epoch)).toMatchObject({ slotId: undefined, binds: 'rate' });
  expect(await world.scope(PATH)).toMatchObject({ slots: 1, level: 0 });
});

test('a path never seen starts with a burst', async () => {
  await using world = await openArbiter([{}]);
  const epoch = await world.worker();
  await world.ask(epoch, { slots: 0, tokens: 0 });
  expect((await world.scope(PATH))?.level).toBe(burstOf(10_000));
});

test('feedback suspends, caps, and lets go step by step; a site or path at rest gets no connection', async () => {
  await using world = await openArbiter([{ maxConnections: 8, messagesPerHour: 8000 }]);
  const epoch = await world.worker();
  await world.client.$executeRawUnsafe(
    `INSERT INTO holds (group_key, public_id, suspended_until, connections_cap, rate_cap_per_hour, capped_until, step_seconds, reason)
     SELECT 'site:1', 1, at + interval '60 s', 1, 1000, at + interval '120 s', 60, 'test' FROM test_clock`,
  );
  expect(await world.ask(epoch)).toMatchObject({ binds: 'suspended', askAgainMs: 60_000 });
  const limits = async () => {
    await world.ask(epoch, { slots: 0, tokens: 0 });
    const [scope] = await listScopes(world, { groupKey: 'site:1' });
    return [scope?.maxConnections, scope?.messagesPerHour];
  };
  await world.pass(61);
  expect(await limits()).toEqual([1, 1000]);
  await world.pass(60);
  expect(await limits()).toEqual([2, 2000]);
  await world.pass(60);
  expect(await limits()).toEqual([4, 4000]);
  await world.pass(180);
  expect(await limits()).toEqual([8, 8000]);
  await recordPathFailure(world, { publicId: 1, mxIp: '192.0.2.1', because: 'refused', restSeconds: [4, 8] });
  expect(await world.ask(epoch)).toMatchObject({ binds: 'path-back-off', askAgainMs: 4000 });
  await clearPathFailures(world, { publicId: 1, mxIp: '192.0.2.1' });
  expect((await world.ask(epoch)).binds).toBeUndefined();
});

test('an idle scope is forgotten only when nobody holds anything of it and its bucket is full again', async () => {
  await using world = await openArbiter([{ messagesPerHour: 10_000 }]);
  const epoch = await world.worker();
  await world.ask(epoch, { slots: 0, tokens: 20 });
  await world.pass(3 * 3600);
  await forgetIdleScopes(world);
  // Its worker may still spend what it drew.
  expect(await world.scope(PATH)).toMatchObject({ outstanding: 6 });
  await stopWorker(world, epoch);
  await forgetIdleScopes(world);
  expect(await world.scope(PATH)).toBeDefined();
  await world.pass(3 * 3600);
  await forgetIdleScopes(world);
  expect(await world.scope(PATH)).toBeUndefined();
  const again = await world.worker();
  expect(await world.ask(again, { slots: 0, tokens: 500 })).toMatchObject({ binds: undefined });
});

test('a connection that the old rules granted while another worker met the new ones is counted by them once told of', async () => {
  const rules = (shared: boolean) => [{ id: 'mx', mask: 'mx.*', shared }, {}];
  await using world = await openArbiter(rules(false));
  const [slow, other] = [await world.worker(), await world.worker()];
  const rulesVersion = await world.version();
  const byNew = { scopeKey: 'rule:mx/1', ruleId: 'mx' };
  // The very first request notes the timeline, which would hold up the others.
  await world.ask(other, { ruleId: 'mx', slots: 0, tokens: 0 });
  await world.client.$transaction(async (client) => {
    await requestGrants({ ...world, client } as unknown as Database, { epoch: slow, rulesVersion }, [
      wish({ ruleId: 'mx' }),
    ]);
    await world.setRules(rules(true));
    await world.ask(other, { ...byNew, tokens: 0, tokensInHand: 1 });
  });
  await world.ask(slow, { ...byNew, slots: 0, tokens: 0 });
  expect({ old: (await world.scope(PATH))?.slots, now: (await world.scope(byNew.scopeKey))?.slots }).toEqual({
    old: 0,
    now: 2,
  });
});
