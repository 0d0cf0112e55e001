import { every } from '@mxflow/process';
import { createLogger } from '@mxflow/telemetry';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startQuarantineSweeps } from '../src/sweeps/quarantine-sweeps.ts';
import { eventDiary, openWorld, until, type DispatcherWorld } from './world.ts';

let world: DispatcherWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

test('two dispatchers clear what is due, each address once, and leave the rest', async () => {
  const { client } = world.database;
  await client.$executeRawUnsafe(
    `INSERT INTO quarantine (address, status, error_count, reason, counted_at, success_at, release_at)
     SELECT address, status::quarantine_status, errors, reason, now + counted, now + success, now + release
     FROM (SELECT mxflow_now() AS now) clock CROSS JOIN (
       SELECT n || '@due.example', 'quarantined', 3, 'mailbox-full', NULL::interval, NULL::interval, interval '-1 second'
       FROM generate_series(1, 2500) n
       UNION ALL SELECT n || '@old.example', 'with-errors', 2, 'mailbox-full', '-10 days', NULL, NULL
       FROM generate_series(1, 30) n
       UNION ALL SELECT n || '@well.example', 'with-errors', 2, 'mailbox-full', '-9 days', '-7 days', NULL
       FROM generate_series(1, 20) n
       UNION ALL VALUES ('a@later.example', 'quarantined', 3, 'mailbox-full', NULL::interval, NULL::interval, interval '1 hour'),
         ('b@later.example', 'quarantined', 1, 'user-unknown', NULL, NULL, NULL),
         ('c@later.example', 'with-errors', 1, 'mailbox-full', '-9 days', NULL, NULL),
         ('d@later.example', 'denylisted', 0, NULL, NULL, NULL, '-1 day')
     ) e(address, status, errors, reason, counted, success, release)`,
  );
  const { events, diary } = eventDiary();
  const logger = createLogger({ service: 'test', level: 'silent' });
  const start = () =>
    startQuarantineSweeps({
      database: world.database,
      events,
      every: (intervalMs, run, options) => every(intervalMs, run, { ...options, logger }),
    });
  await using _one = start();
  await using _other = start();
  await until('all cleared', async () => (await client.quarantineEntry.count({ where: { status: 'valid' } })) === 2550);
  expect(await client.quarantineEntry.count({ where: { status: { not: 'valid' } } })).toBe(4);
  const changes = await client.quarantineChange.groupBy({ by: ['cause'], _count: true });
  expect(new Map(changes.map(({ cause, _count }) => [cause, _count]))).toEqual(
    new Map([
      ['release', 2500],
      ['reset', 50],
    ]),
  );
  await until('all told', async () => {
    const told = diary.flatMap(([name, facts]) =>
      name === 'addressesCleared' ? [facts as { released: number; reset: number }] : [],
    );
    return told.reduce((sum, { released, reset }) => sum + released + reset, 0) === 2550;
  });
});
