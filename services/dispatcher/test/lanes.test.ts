import { randomUUID } from 'node:crypto';

import { listLanes, registerWorker } from '@mxflow/db';
import { laneQueue } from '@mxflow/messaging';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createLaneTerms } from '../src/feed/feed-terms.ts';
import { createDomainSites } from '../src/prepare/domain-sites.ts';
import { createPreparer } from '../src/prepare/prepare-chunk.ts';
import { acceptedJob, addressesAt, eventDiary, openWorld, ownHosts, type DispatcherWorld } from './world.ts';

let world: DispatcherWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

async function addRule(id: string, mask: string): Promise<void> {
  const { client } = world.database;
  await client.$executeRawUnsafe(
    `INSERT INTO mx_rules (id, position, mask, shared, origin) VALUES ($1, 1, $2, true, 'local')`,
    id,
    mask,
  );
  await client.$executeRawUnsafe(
    `INSERT INTO mx_rule_limits (rule_id, level, max_connections, max_messages_per_connection, messages_per_hour)
     VALUES ($1, 'normal', 5, 20, 60000)`,
    id,
  );
  await client.$executeRawUnsafe(`UPDATE instance SET rules_version = rules_version + 1`);
}

async function dropRule(id: string): Promise<void> {
  await world.database.client.$executeRawUnsafe(`DELETE FROM mx_rules WHERE id = $1`, id);
  await world.database.client.$executeRawUnsafe(`UPDATE instance SET rules_version = rules_version + 1`);
}

/** Waiting messages of a pool by the rule of their lane. */
async function byRule(pool: string): Promise<Record<string, number>> {
  const rows = await world.database.client.$queryRawUnsafe<{ rule: string; messages: number }[]>(
    `SELECT l.rule, count(*)::int AS messages FROM work w JOIN lanes l ON l.id = w.lane_id WHERE l.pool = $1 GROUP BY 1`,
    pool,
  );
  return Object.fromEntries(rows.map(({ rule, messages }) => [rule, messages]));
}

test('messages go by the lane of their rule; when rules change they move, and a lane whose rule is gone is deleted', async () => {
  const { database, messaging } = world;
  const { events, diary } = eventDiary();
  const terms = createLaneTerms({ database, messaging, events, longestWindow: 2000 });
  const domains = createDomainSites({ database, resolveMx: ownHosts(), concurrency: 50, events });
  const decideSites = (): Promise<void> => terms.decideSites();
  const prepare = createPreparer({ database, domains, decideSites, events, onWork: () => {} });
  const pool = `pool-${randomUUID()}`;
  await addRule('big', '*.big.example');
  const job = await acceptedJob(database, {
    pool,
    chunks: [[...addressesAt('one.big.example', 20), ...addressesAt('small.example', 10)]],
  });
  for (const body of job.chunks) await prepare({ body });
  expect(await byRule(pool)).toEqual({ big: 20, any: 10 });

  await addRule('small', '*.small.example');
  await terms.decideSites();
  const lanesOf = async () => (await listLanes(database)).filter((lane) => lane.pool === pool);
  const tidyAll = async () => {
    while (await terms.tidy((await lanesOf()).map(({ laneId }) => laneId)));
  };
  await tidyAll();
  expect(await byRule(pool)).toEqual({ big: 20, small: 10 });

  const gone = (await lanesOf()).find(({ rule }) => rule === 'big')?.laneId ?? 0;
  await messaging.declareLane(gone);
  await dropRule('big');
  await terms.decideSites();
  await tidyAll();
  expect(await byRule(pool)).toEqual({ any: 20, small: 10 });
  expect((await lanesOf()).map(({ rule }) => rule).toSorted()).toEqual(['any', 'small']);
  expect(await messaging.queueDepth(laneQueue(gone))).toBeUndefined();
  expect(diary.map(([name]) => name)).toContain('laneDeleted');
});

test('a lane is not fed while no living worker has a source of its pool, nor by one that is paused', async () => {
  const { database, messaging } = world;
  const { events } = eventDiary();
  const terms = createLaneTerms({ database, messaging, events, longestWindow: 2000 });
  const lane = { laneId: 1, pool: 'window', rule: 'small' };
  await terms.refresh();
  expect(terms.windowOf(lane)).toBe(0);
  const epoch = await registerWorker(database, 'w', [{ publicId: 41, pools: ['window'] }]);
  await terms.refresh();
  expect(terms.windowOf(lane)).toBe(1000);
  await database.client.$executeRawUnsafe(
    `INSERT INTO sources (public_id, public_ip, helo_name, weight, pools, paused_at)
     VALUES (41, '192.0.2.41', 'mta.example', 1, '{window}', mxflow_now())`,
  );
  await terms.refresh();
  expect(terms.windowOf(lane)).toBe(0);
  await database.client.$executeRawUnsafe(`UPDATE sources SET paused_at = NULL WHERE public_id = 41`);
  await terms.refresh();
  expect(terms.windowOf(lane)).toBe(1000);
  await database.client.$executeRawUnsafe(`UPDATE workers SET fenced_at = mxflow_now() WHERE epoch = $1`, epoch);
  await terms.refresh();
  expect(terms.windowOf(lane)).toBe(0);
});
