import { changeSource, readRuleSet, readSourceHistory, registerSources } from '@mxflow/db';
import { DEFAULT_RAMP } from '@mxflow/domain';
import { expect, test } from 'vitest';

import { rampSources } from '../src/sweeps/ramp-sources.ts';
import { openWorld } from './world.ts';

test('a source goes up after clean days by its log, and down at once for unknown users', async () => {
  await using world = await openWorld();
  const { database } = world;
  const source = { publicId: 9, publicIp: '192.0.2.9', heloName: 'mta.example', weight: 1, pools: ['ramp'] };
  await registerSources(database, [source]);
  await changeSource(database, 9, { ramp: { ...DEFAULT_RAMP, minMessages: 100 } });
  const log = (messages: number, status: string, type: string | null): Promise<number> =>
    database.client.$executeRawUnsafe(
      `INSERT INTO delivery_log (message_id, job_id, attempt, status, failure_type, source, address)
       SELECT n, 1, 1, $2::message_status, $3, 9, 'a@ramp.test' FROM generate_series(1, $1::int) n`,
      messages,
      status,
      type,
    );
  await log(1000, 'sent', null);
  expect(await rampSources(database)).toEqual([]);
  await database.client.$executeRawUnsafe(
    `UPDATE sources SET ramp_state = jsonb_build_object('since', mxflow_now() - interval '8 days') WHERE public_id = 9`,
  );
  expect(await rampSources(database)).toMatchObject([{ publicId: 9, level: 'normal' }]);
  // What it sent at the level below is not counted for this one.
  expect(await rampSources(database)).toEqual([]);
  await log(900, 'sent', null);
  await log(100, 'failed', 'hard');
  expect(await rampSources(database)).toMatchObject([{ publicId: 9, level: 'slow' }]);
  expect((await readRuleSet(database)).sources).toMatchObject([{ publicId: 9, level: 'slow' }]);
  expect(await readSourceHistory(database, 9)).toMatchObject([
    { levelBefore: 'normal', levelAfter: 'slow', facts: { messages: 1000, hard: 100 } },
    { levelBefore: 'slow', levelAfter: 'normal' },
    { levelBefore: null, levelAfter: 'slow', reason: 'operator' },
  ]);
});
