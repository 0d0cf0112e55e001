import {
  deleteLocalRule,
  enableRule,
  listHolds,
  migrate,
  openDatabase,
  putFeedbackRule,
  type Database,
} from '@mxflow/db';
import { createWorld } from '@mxflow/infra/testing';
import { createLogger, startTelemetry } from '@mxflow/telemetry';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { createFeedbackDesk, type FeedbackDesk, type HeardReply } from '../src/index.ts';

const stack = new AsyncDisposableStack();
let database: Database;
let desk: (now?: () => number) => FeedbackDesk;
beforeAll(async () => {
  const world = stack.use(
    await createWorld({ templateKey: 'mxflow', prepare: async (url) => void (await migrate(url)) }),
  );
  database = stack.use(openDatabase(world.databaseUrl));
  const { meter } = stack.use(startTelemetry({ service: 'test', version: '0', otlpEndpoint: '' }));
  const logger = createLogger({ service: 'test', level: 'silent' });
  desk = (now) => createFeedbackDesk({ database, logger, meter, ...(now === undefined ? {} : { now }) });
});
afterAll(() => stack.disposeAsync());
beforeEach(async () => {
  await moveClock('0 seconds');
  await database.client.$executeRawUnsafe(`DELETE FROM holds`);
  await database.client.$executeRawUnsafe(`DELETE FROM feedback_hits`);
});

async function moveClock(by: string): Promise<void> {
  await database.client.$executeRawUnsafe(
    `CREATE OR REPLACE FUNCTION mxflow_now() RETURNS timestamptz LANGUAGE sql VOLATILE
     AS 'SELECT clock_timestamp() + interval ''${by}'''`,
  );
}

const YAHOO = 'mta5.am0.yahoodns.net';
const busy = (publicId: number): HeardReply => ({
  publicId,
  mxHost: YAHOO,
  siteId: 7,
  ruleId: 'yahoo',
  reply: '421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to user complaints',
});
const times = (count: number, reply: HeardReply): readonly HeardReply[] => Array.from({ length: count }, () => reply);

test('workers count together: what each heard alone sets nothing off, together it does, for that source only', async () => {
  const [one, other] = [desk(), desk()];
  expect(await one.note(times(5, busy(1)))).toEqual([]);
  expect(await other.note(times(9, busy(2)))).toEqual([]);
  const imposed = await other.note(times(5, busy(1)));
  expect(imposed).toMatchObject([{ groupKey: 'rule:yahoo', publicId: 1, reason: 'yahoo-complaints' }]);
  const [hold, ...more] = await listHolds(database);
  expect(more).toEqual([]);
  expect(Math.round(((hold?.suspendedUntil?.getTime() ?? 0) - Date.now()) / 60_000)).toBe(120);
  expect(hold?.connectionsCap).toBe(1);
});

test('what is older than an hour has no part in a threshold', async () => {
  const one = desk();
  expect(await one.note(times(9, busy(1)))).toEqual([]);
  await moveClock('61 minutes');
  expect(await one.note(times(9, busy(1)))).toEqual([]);
  expect(await one.note(times(1, busy(1)))).toHaveLength(1);
});

test('eight workers at once lose no count', async () => {
  const noted = await Promise.all(Array.from({ length: 8 }, () => desk().note(times(1, busy(1)))));
  expect(noted.flat()).toEqual([]);
  expect(await desk().note(times(1, busy(1)))).toEqual([]);
  expect(await desk().note(times(1, busy(1)))).toHaveLength(1);
});

test('a second hold only tightens: the longer end and the lower cap stay', async () => {
  const one = desk();
  await one.note(times(10, busy(1)));
  const [before] = await listHolds(database);
  const slow: HeardReply = { ...busy(1), reply: '451 4.7.1 Your sending limit exceeded, try later' };
  await one.note(times(10, slow));
  const [after] = await listHolds(database);
  expect(after).toMatchObject({ suspendedUntil: before?.suspendedUntil, connectionsCap: 1, rateCapPerHour: 300 });
  expect(after?.cappedUntil).toEqual(before?.cappedUntil);
});

test('a rule that an operator switched off does nothing, and everyday replies make no rows', async () => {
  const one = desk();
  await one.note([{ ...busy(1), reply: '250 2.0.0 OK' }]);
  await database.client.$executeRawUnsafe(`UPDATE feedback_rules SET enabled = false WHERE id = 'yahoo-complaints'`);
  const fresh = desk();
  await fresh.note(times(15, busy(1)));
  expect((await listHolds(database)).map(({ reason }) => reason)).not.toContain('yahoo-complaints');
  await database.client.$executeRawUnsafe(`UPDATE feedback_rules SET enabled = true WHERE id = 'yahoo-complaints'`);
});

test('what an operator changes holds in every process within five seconds', async () => {
  let nowMs = 0;
  const desks = [desk(() => nowMs), desk(() => nowMs)];
  const verdicts = (): Promise<unknown> => Promise.all(desks.map((one) => one.matches('451 we are closed', YAHOO)));
  const rule = {
    id: 'closed',
    mask: '*',
    pattern: 'we are closed',
    thresholdPerHour: 1,
    action: { kind: 'suspend', seconds: 60 },
    stepSeconds: 60,
    matches: ['451 we are closed'],
    passes: ['250 ok'],
  } as const;
  expect(await verdicts()).toEqual([undefined, undefined]);
  await putFeedbackRule(database, rule);
  nowMs += 5000;
  expect(await verdicts()).toEqual(['closed', 'closed']);
  await enableRule(database, 'feedback_rules', { id: 'closed', enabled: false });
  nowMs += 5000;
  expect(await verdicts()).toEqual([undefined, undefined]);
  await deleteLocalRule(database, 'feedback_rules', 'closed');
});
