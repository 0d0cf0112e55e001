import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import {
  applyHeld,
  countGuard,
  dropHeld,
  listGuardedSites,
  listHeld,
  openDatabase,
  recordBounces,
  recordOutcomes,
  sweepGuard,
  undoQuarantine,
  type RecordedOutcome,
} from '../src/index.ts';
import {
  bounced,
  complained,
  countsOf,
  DAY,
  DAY_ZERO,
  failed,
  HOUR,
  insertHistory,
  insertSending,
  newSite,
  sent,
  setClock,
  standingOf,
  type TestReason,
} from './quarantine-world.ts';
import { openTestDatabase } from './world.ts';

let database: Awaited<ReturnType<typeof openTestDatabase>>;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(() => setClock(database, DAY_ZERO));

const addresses = (count: number, domain: string) => Array.from({ length: count }, (_, n) => `r${n}@${domain}`);

/** Rows of quarantine and their history under a domain, as they compare. */
const rowsOf = async (domain: string) =>
  await database.client.$queryRawUnsafe<object[]>(
    `SELECT to_jsonb(q) - 'changed_at' AS row FROM quarantine q WHERE domain = $1 ORDER BY address`,
    domain,
  );
const quarantinedOf = async (domain: string) =>
  await database.client.quarantineEntry.count({ where: { domain, status: 'quarantined' } });

test('a site that calls everybody unknown for ten minutes: at most 100 go, over several recorders; undo restores exactly those', async () => {
  const [siteId, elsewhere] = [await newSite(database), await newSite(database)];
  await setClock(database, DAY_ZERO - DAY);
  await insertHistory(database, [siteId], 'before.example');
  expect(await quarantinedOf('before.example')).toBe(20);
  // Just before, all is well; and some addresses have a history.
  await setClock(database, DAY_ZERO - 60_000);
  const well = await insertSending(database, addresses(1000, 'well.example'), { siteId });
  await recordOutcomes(
    database,
    well.ids.map((id) => sent(id)),
  );
  const soft = await insertSending(database, addresses(100, 'outage.example'), { siteId });
  await recordOutcomes(
    database,
    soft.ids.map((id) => failed(id, 'mailbox-full')),
  );
  const before = await rowsOf('outage.example');
  await setClock(database, DAY_ZERO + 30 * HOUR);
  const outage = await insertSending(database, addresses(3000, 'outage.example'), { siteId });
  await using others = new AsyncDisposableStack();
  const recorders = [database, ...[1, 2].map(() => others.use(openDatabase(database.url)))];
  const batches: RecordedOutcome[][] = [];
  for (let at = 0; at < 3000; at += 100)
    batches.push(outage.ids.slice(at, at + 100).map((id) => failed(id, 'user-unknown')));
  let alarms = 0;
  await Promise.all(
    recorders.map(async (recorder, turn) => {
      for (let at = turn; at < batches.length; at += recorders.length) {
        if (turn === 0) await setClock(database, DAY_ZERO + 30 * HOUR + at * 20_000);
        const { quarantine } = await recordOutcomes(recorder, batches[at] ?? []);
        alarms += quarantine.alarmedSites.length;
      }
    }),
  );
  const quarantined = await quarantinedOf('outage.example');
  expect(quarantined).toBeGreaterThan(0);
  expect(quarantined).toBeLessThanOrEqual(100);
  expect(alarms).toBe(1);
  // Held back from quarantine, not from the log.
  expect(await countsOf(database, outage.jobNumber)).toEqual({ failed: 3000 });
  expect(await countGuard(database)).toEqual({ alarmedSites: 1, held: 3000 - quarantined });
  expect(await listGuardedSites(database)).toMatchObject([{ siteId, held: 3000 - quarantined }]);
  // Elsewhere an unknown address still goes.
  const other = await insertSending(database, ['dead@elsewhere.example'], { siteId: elsewhere });
  await recordOutcomes(
    database,
    other.ids.map((id) => failed(id, 'user-unknown')),
  );
  expect(await quarantinedOf('elsewhere.example')).toBe(1);

  const query = {
    siteId,
    reason: 'user-unknown',
    from: new Date(DAY_ZERO),
    to: new Date(DAY_ZERO + 10 * DAY),
  } as const;
  const changed = await rowsOf('outage.example');
  const tried = await undoQuarantine(database, query, { actor: 'test', dryRun: true });
  expect(tried).toMatchObject({ restored: quarantined, changedSince: 0 });
  expect(await rowsOf('outage.example')).toEqual(changed);
  expect(await undoQuarantine(database, query, { actor: 'test', dryRun: false })).toEqual(tried);
  expect(await rowsOf('outage.example')).toEqual(before);
  expect(await undoQuarantine(database, query, { actor: 'test', dryRun: false })).toMatchObject({ restored: 0 });
  expect(await quarantinedOf('before.example')).toBe(20);
  expect(await quarantinedOf('elsewhere.example')).toBe(1);
  expect(await dropHeld(database, { siteId }, { dryRun: true })).toBe(3000 - quarantined);
  expect(await dropHeld(database, { siteId }, { dryRun: false })).toBe(3000 - quarantined);
  await setClock(database, DAY_ZERO + 33 * HOUR);
  await sweepGuard(database);
  expect(await countGuard(database)).toEqual({ alarmedSites: 0, held: 0 });
});

test('our own resolver fails: domains of all sites together send at most 100 addresses away', async () => {
  const sites = await Promise.all(Array.from({ length: 20 }, () => newSite(database)));
  await database.client.reasonPolicy.create({
    data: { reason: 'invalid-domain', origin: 'local', quarantineAt: 1 },
  });
  for (const [n, siteId] of sites.entries()) {
    const { ids } = await insertSending(database, addresses(30, `gone${n}.example`), { siteId });
    await recordOutcomes(
      database,
      ids.map((id) => failed(id, 'invalid-domain', { dueAt: DAY_ZERO + HOUR })),
    );
  }
  const quarantined = await database.client.quarantineEntry.count({
    where: { reason: 'invalid-domain', status: 'quarantined' },
  });
  expect(quarantined).toBeGreaterThan(0);
  expect(quarantined).toBeLessThanOrEqual(100);
  expect(await listGuardedSites(database)).toMatchObject([{ siteId: 0, held: 600 - quarantined }]);
  expect(await dropHeld(database, {}, { dryRun: false })).toBe(600 - quarantined);
  const resolver = { siteId: 0, from: new Date(DAY_ZERO), to: new Date(DAY_ZERO + HOUR) };
  expect(await undoQuarantine(database, resolver, { actor: 'test', dryRun: false })).toMatchObject({
    restored: quarantined,
    changedSince: 0,
  });
  expect(await database.client.quarantineEntry.count({ where: { reason: 'invalid-domain' } })).toBe(0);
  await database.client.reasonPolicy.deleteMany({});
});

test('what is held can have its effect after all, once', async () => {
  const siteId = await newSite(database);
  const { ids } = await insertSending(database, addresses(200, 'dirty.example'), { siteId });
  await recordOutcomes(
    database,
    ids.map((id) => failed(id, 'user-unknown')),
  );
  expect(await quarantinedOf('dirty.example')).toBe(50);
  const [held] = await listHeld(database, { siteId }, { limit: 1 });
  expect(held).toMatchObject({ reason: 'user-unknown', type: 'hard', rule: 'Address_unknown' });
  expect(await applyHeld(database, { siteId }, { dryRun: true })).toBe(150);
  expect(await quarantinedOf('dirty.example')).toBe(50);
  expect(await applyHeld(database, { siteId }, { dryRun: false })).toBe(150);
  expect(await quarantinedOf('dirty.example')).toBe(200);
  expect(await applyHeld(database, { siteId }, { dryRun: false })).toBe(0);
});

test('by mail: what lies within a day’s usual share goes, an avalanche does not', async () => {
  const siteId = await newSite(database);
  const { ids } = await insertSending(database, addresses(2000, 'mailed.example'), { siteId });
  await recordOutcomes(
    database,
    ids.map((id) => sent(id)),
  );
  const few = await recordBounces(
    database,
    ids.slice(0, 90).map((id) => bounced(id, 'user-unknown')),
  );
  expect(few.quarantine.held).toBe(0);
  const rest = await recordBounces(
    database,
    ids.slice(90).map((id) => bounced(id, 'user-unknown')),
  );
  expect(rest.quarantine).toMatchObject({ held: 1900, alarmedSites: [siteId] });
  expect(await quarantinedOf('mailed.example')).toBe(100);
});

test('by mail, too, a large site that calls everybody unknown at once sends at most 100 away', async () => {
  const siteId = await newSite(database);
  await insertHistory(database, [siteId], 'large.example');
  const { ids } = await insertSending(database, addresses(400, 'silent.example'), { siteId });
  await recordOutcomes(
    database,
    ids.map((id) => sent(id)),
  );
  // Within ten minutes, and over the end of an hour.
  await setClock(database, DAY_ZERO + HOUR - 300_000);
  const told = async (from: number, to: number) =>
    await recordBounces(
      database,
      ids.slice(from, to).map((id) => bounced(id, 'user-unknown')),
    );
  const first = await told(0, 70);
  await setClock(database, DAY_ZERO + HOUR + 240_000);
  const rest = await told(70, 400);
  expect(first.quarantine.held).toBe(0);
  expect(rest.quarantine).toMatchObject({ held: 300, alarmedSites: [siteId] });
  expect(await quarantinedOf('silent.example')).toBe(100);
});

test('undo passes over what has changed since, and gives other reasons no part', async () => {
  const siteId = await newSite(database);
  const mail = async (address: string, reason: TestReason, at: number) => {
    await setClock(database, at);
    const { ids } = await insertSending(database, [address], { siteId });
    await recordOutcomes(
      database,
      ids.map((id) => failed(id, reason)),
    );
  };
  await mail('a@undo.example', 'user-unknown', DAY_ZERO);
  await mail('b@undo.example', 'user-unknown', DAY_ZERO);
  await mail('c@undo.example', 'mailbox-full', DAY_ZERO);
  await mail('c@undo.example', 'mailbox-full', DAY_ZERO + DAY);
  await mail('c@undo.example', 'inactive-user', DAY_ZERO + 2 * DAY);
  await mail('d@undo.example', 'mailbox-full', DAY_ZERO);
  await mail('d@undo.example', 'mailbox-full', DAY_ZERO + DAY);
  const later = await insertSending(database, ['b@undo.example'], { siteId });
  await recordOutcomes(
    database,
    later.ids.map((id) => sent(id)),
  );
  await recordBounces(
    database,
    later.ids.map((id) => complained(id)),
  );
  const window = { from: new Date(DAY_ZERO), to: new Date(DAY_ZERO + DAY + HOUR) };
  const undo = async (reason: TestReason) =>
    await undoQuarantine(database, { ...window, siteId, reason }, { actor: 'test', dryRun: false });
  expect(await undo('user-unknown')).toEqual({ restored: 1, changedSince: 1, sample: ['a@undo.example'] });
  expect(await undo('mailbox-full')).toEqual({ restored: 1, changedSince: 1, sample: ['d@undo.example'] });
  expect(await standingOf(database, 'a@undo.example')).toBeUndefined();
  expect(await standingOf(database, 'b@undo.example')).toMatchObject({ status: 'denylisted' });
  expect(await standingOf(database, 'c@undo.example')).toMatchObject({ status: 'quarantined', errors: 3 });
  expect(await standingOf(database, 'd@undo.example')).toBeUndefined();
});
