import { liftHolds, listBlockedSites, listHolds, unblockSite, type Database } from '@mxflow/db';
import type { MessageId } from '@mxflow/domain';
import type { Outgoing } from '@mxflow/messaging';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startService, type RunningService } from './service-in-process.ts';
import { insertSendingJob, moveClock, openTestWorld, until, type TestWorld } from './world.ts';

let world: TestWorld;
let service: RunningService;
beforeAll(async () => {
  world = await openTestWorld();
  service = await startService(world, { MXFLOW_TEST_DELIVER_TWICE: '1' });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

async function insertSite(database: Database, key: string): Promise<number> {
  const rows = await database.client.$queryRawUnsafe<{ id: number }[]>(
    `INSERT INTO sites (key) VALUES ($1) RETURNING id`,
    key,
  );
  return rows[0]?.id ?? 0;
}

const answered = (messageId: string, code: number, text: string, mxHost: string): Outgoing => {
  const enhanced = /^[245]\.\d+\.\d+/.exec(text)?.[0];
  const reply = { code, ...(enhanced === undefined ? {} : { enhanced }), lines: [text] };
  const facts = { messageId, attempt: 1, at: Date.now(), mxHost, mxIp: '192.0.2.1', source: 1 };
  if (code < 300) return { key: 'delivery.sent.v1', body: { ...facts, reply } };
  const result = { kind: 'refused' as const, reply };
  return code < 500
    ? { key: 'delivery.deferred.v1', body: { ...facts, result } }
    : { key: 'delivery.failed.v1', body: { ...facts, result } };
};

/** Messages of one site, all under way. */
async function sendingTo(key: string, recipients: number): Promise<{ siteId: number; ids: readonly MessageId[] }> {
  const siteId = await insertSite(world.database, key);
  const { ids, jobNumber } = await insertSendingJob(world.database, { recipients });
  await world.database.client.$executeRawUnsafe(
    `UPDATE work SET site_id = $1 WHERE job_id = $2::bigint`,
    siteId,
    jobNumber,
  );
  return { siteId, ids };
}

async function settled(ids: readonly MessageId[]): Promise<void> {
  await until(async () => {
    const [row] = await world.database.client.$queryRawUnsafe<{ left: number }[]>(
      `SELECT count(*)::int AS left FROM work WHERE message_id = ANY ($1::bigint[]) AND state = 'sending'`,
      ids,
    );
    return row?.left === 0;
  });
}

/** Where a site stands once everything published is recorded and looked at. */
async function restOf(siteId: number) {
  await new Promise((resolve) => setTimeout(resolve, 300));
  return (await listBlockedSites(world.database, 100)).find((site) => site.siteId === siteId);
}

test('299 failures never block a site, the 300th does, for three hours; a person can lift it', async () => {
  const { siteId, ids } = await sendingTo('mx:0 mx.refusing.example', 300);
  const refuse = (id: string): Outgoing => answered(id, 550, '5.7.1 blocked', 'mx.refusing.example');
  await world.messaging.publishMany(ids.slice(0, 299).map(refuse));
  await settled(ids.slice(0, 299));
  expect(await restOf(siteId)).toBeUndefined();
  await world.messaging.publishMany(ids.slice(299).map(refuse));
  await until(async () => (await restOf(siteId)) !== undefined);
  const blocked = await restOf(siteId);
  expect(blocked).toMatchObject({ kind: 'block', reason: '300 of 300 messages failed within an hour' });
  expect(((blocked?.until.getTime() ?? 0) - Date.now()) / 3_600_000).toBeCloseTo(3, 1);
  expect(await unblockSite(world.database, siteId)).toBe(true);
  expect(await restOf(siteId)).toBeUndefined();
});

test('unknown users never count: 600 of them and 299 refusals block nobody', async () => {
  const { siteId, ids } = await sendingTo('mx:0 mx.unknowing.example', 899);
  await world.messaging.publishMany(
    ids.map((id, at) =>
      at < 600
        ? answered(id, 550, '5.1.1 no such user', 'mx.unknowing.example')
        : answered(id, 550, '5.7.1 blocked', 'mx.unknowing.example'),
    ),
  );
  await settled(ids);
  expect(await restOf(siteId)).toBeUndefined();
});

test("a rule's own figures hold for the sites of its hosts, and what is older than an hour does not count", async () => {
  const { client } = world.database;
  await client.$executeRawUnsafe(
    `INSERT INTO mx_rules (id, position, mask, origin, block)
     VALUES ('strict', 1, '*.strict.example', 'local', '{"messages":20,"failurePercent":50,"hours":1}')`,
  );
  const { siteId, ids } = await sendingTo('mx:0 mx.strict.example', 30);
  const outcome = (id: string, code: number): Outgoing =>
    answered(id, code, `${code === 250 ? '2.0.0' : '5.7.1'} x`, 'mx.strict.example');
  await world.messaging.publishMany(ids.slice(0, 15).map((id) => outcome(id, 550)));
  await settled(ids.slice(0, 15));
  await moveClock(world.database, '61 minutes');
  await world.messaging.publishMany(ids.slice(15, 30).map((id, at) => outcome(id, at < 8 ? 550 : 250)));
  await settled(ids.slice(15, 30));
  // 23 of 30 in all, but only 8 of 15 within the hour.
  expect(await restOf(siteId)).toBeUndefined();
  await client.$executeRawUnsafe(`DELETE FROM site_minutes`);
  await moveClock(world.database, '0 seconds');
});

test('replies below the threshold do nothing; at the threshold the source is held back there, once for every repeat', async () => {
  const host = 'mx01.gmx.net';
  const { siteId, ids } = await sendingTo(`mx:0 ${host}`, 4);
  const busy = (id: string): Outgoing => answered(id, 421, 'Service not available: Too many connections', host);
  await world.messaging.publishMany(ids.slice(0, 2).map(busy));
  await settled(ids.slice(0, 2));
  expect(await listHolds(world.database)).toEqual([]);
  await world.messaging.publishMany(ids.slice(2, 3).map(busy));
  await until(async () => (await listHolds(world.database)).length > 0);
  const [hold] = await listHolds(world.database);
  expect(hold).toMatchObject({
    groupKey: `site:${siteId}`,
    publicId: 1,
    connectionsCap: 1,
    suspendedUntil: null,
    reason: 'gmx-connections',
    lastReply: '421 Service not available: Too many connections',
  });
  const limits = async (at: string): Promise<number | undefined> => {
    await moveClock(world.database, at);
    const rows = await world.database.client.$queryRawUnsafe<{ max: number }[]>(
      `SELECT max_connections AS max FROM mxflow_limits_in_force('any', 1, $1, mxflow_now())`,
      hold?.groupKey,
    );
    return rows[0]?.max;
  };
  // Thirty minutes of one connection, then twice as many every ten, up to the rule's own four.
  expect(await limits('29 minutes')).toBe(1);
  expect(await limits('31 minutes')).toBe(2);
  expect(await limits('41 minutes')).toBe(4);
  expect(await limits('59 minutes')).toBe(4);
  expect(await limits('0 seconds')).toBe(1);
  expect(await liftHolds(world.database, { groupKey: hold?.groupKey ?? '', publicId: 1 })).toBe(1);
  expect(await limits('0 seconds')).toBe(4);
});

test('what is held back can be read off the metrics', async () => {
  const text = await service.metricsText();
  expect(text).toMatch(/mxflow_feedback_hits_total\{[^}]*rule="gmx-connections"[^}]*\} 3/);
  expect(text).toMatch(/mxflow_site_blocks_total\S* 1/);
});
