import type { MessageId } from '@mxflow/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  dropHeld,
  findProvider,
  listGuardedSites,
  listHeld,
  openDatabase,
  recordBounces,
  recordOutcomes,
  sweepGuard,
  undoQuarantine,
  type Database,
  type QuarantineEffect,
} from '../src/index.ts';
import {
  bounced,
  DAY,
  DAY_ZERO,
  failed,
  HOUR,
  insertHistory,
  insertSpread,
  newSites,
  sent,
  setClock,
} from './quarantine-world.ts';
import { openTestDatabase } from './world.ts';

const CUSTOMERS = 60;
/** Fewer for each customer than the guard of a site has to say anything about. */
const MESSAGES = 30 * CUSTOMERS;
const BATCH = 90;
const MINUTES = 10;

const stack = new AsyncDisposableStack();
let database: Awaited<ReturnType<typeof openTestDatabase>>;
let replicas: readonly Database[];
beforeAll(async () => {
  database = stack.use(await openTestDatabase());
  replicas = [1, 2].map(() => stack.use(openDatabase(database.url, { poolSize: 2 })));
});
afterAll(() => stack.disposeAsync());

type Recorder = (replica: Database, ids: readonly MessageId[]) => Promise<{ readonly quarantine: QuarantineEffect }>;

const byReply: Recorder = async (replica, ids) =>
  await recordOutcomes(
    replica,
    ids.map((id) => failed(id, 'user-unknown')),
  );
const byMail: Recorder = async (replica, ids) =>
  await recordBounces(
    replica,
    ids.map((id) => bounced(id, 'user-unknown')),
  );

/** Ten minutes in which everybody is unknown, told to two replicas at once, and each batch told twice. */
async function outage(ids: readonly MessageId[], record: Recorder): Promise<readonly QuarantineEffect[]> {
  const batches = Array.from({ length: ids.length / BATCH }, (_, n) => ids.slice(n * BATCH, (n + 1) * BATCH));
  const effects: QuarantineEffect[] = [];
  await Promise.all(
    replicas.map(async (replica, turn) => {
      for (let n = turn; n < batches.length; n += replicas.length) {
        if (turn === 0) await setClock(database, DAY_ZERO + HOUR + (n / batches.length) * MINUTES * 60_000);
        for (const batch of [batches[n] ?? [], batches[n] ?? []]) {
          effects.push((await record(replica, batch)).quarantine);
        }
      }
    }),
  );
  return effects;
}

/** Rows of quarantine under a domain, as they compare. */
const rowsOf = async (domain: string) =>
  await database.client.$queryRawUnsafe<{ siteId: number; status: string }[]>(
    `SELECT site_id AS "siteId", status::text, to_jsonb(q) - 'changed_at' AS row FROM quarantine q
     WHERE domain = $1 ORDER BY address`,
    domain,
  );
const quarantinedOf = async (domain: string) => (await rowsOf(domain)).filter(({ status }) => status === 'quarantined');

/** What was counted of the provider, and of its sites together. */
async function countedOf(providerId: number): Promise<readonly object[]> {
  return await database.client.$queryRawUnsafe<object[]>(
    `SELECT (SELECT sum(messages)::int FROM guard_hours WHERE site_id = ANY (ids)) AS messages,
       (SELECT sum(suspects)::int FROM guard_effects WHERE site_id = ANY (ids)) AS suspects,
       (SELECT sum(quarantined)::int FROM guard_effects WHERE site_id = ANY (ids)) AS quarantined,
       (SELECT sum(mailed)::int FROM guard_effects WHERE site_id = ANY (ids)) AS mailed
     FROM (VALUES (ARRAY[$1::int]), (ARRAY(SELECT id FROM sites WHERE provider_id = $1::int))) AS who(ids)`,
    providerId,
  );
}

/** Holds for every way in which an outage is told. */
async function holdsTogether(
  name: string,
  { sites, record, sentBefore }: { sites: readonly number[]; record: Recorder; sentBefore: boolean },
): Promise<void> {
  const [providerId = expect.fail('no provider'), before, during] = [
    await findProvider(database, name),
    `before.${name}`,
    `outage.${name}`,
  ];
  await setClock(database, DAY_ZERO - DAY);
  await insertHistory(database, sites, before);
  const [earlier, firm] = [await rowsOf(before), await quarantinedOf(before)];
  expect(firm).toHaveLength(20);
  // Some addresses have a history.
  await recordOutcomes(
    database,
    (await insertSpread(database, sites, { domain: during, messages: 100 })).map((id) => failed(id, 'mailbox-full')),
  );
  await setClock(database, DAY_ZERO + HOUR);
  const ids = await insertSpread(database, sites, { domain: during, messages: MESSAGES });
  if (sentBefore) {
    await recordOutcomes(
      database,
      ids.map((id) => sent(id)),
    );
  }
  const wellOff = await rowsOf(during);
  const effects = await outage(ids, record);

  const gone = await quarantinedOf(during);
  const held = MESSAGES - gone.length;
  expect(gone.length).toBeGreaterThan(0);
  expect(gone.length).toBeLessThanOrEqual(100);
  expect(effects.flatMap(({ alarmedProviders }) => alarmedProviders)).toEqual([name]);
  expect(effects.flatMap(({ alarmedSites }) => alarmedSites)).toEqual([]);
  const [ofProvider, ofSites] = await countedOf(providerId);
  expect(ofProvider).toEqual(ofSites);
  expect(ofProvider).toMatchObject({
    suspects: MESSAGES + firm.length,
    quarantined: gone.length + firm.length,
    mailed: sentBefore ? gone.length : 0,
  });
  const guarded = (await listGuardedSites(database)).filter(({ provider }) => provider === name);
  expect(guarded[0]).toMatchObject({ siteId: providerId, key: null, alarmedAt: expect.any(Date), held });
  expect(guarded.slice(1).reduce((sum, site) => sum + site.held, 0)).toBe(held);
  expect(await listHeld(database, { siteId: providerId }, { limit: MESSAGES })).toHaveLength(held);

  // One customer alone, then all of them.
  const window = { from: new Date(DAY_ZERO), to: new Date(DAY_ZERO + DAY) };
  const undo = async (siteId: number, dryRun: boolean) =>
    (await undoQuarantine(database, { ...window, siteId }, { actor: 'test', dryRun })).restored;
  const one = gone[0]?.siteId ?? 0;
  const ofOne = gone.filter(({ siteId }) => siteId === one).length;
  expect(await undo(providerId, true)).toBe(gone.length);
  expect(await undo(one, false)).toBe(ofOne);
  expect(await quarantinedOf(during)).toEqual(gone.filter(({ siteId }) => siteId !== one));
  expect(await undo(providerId, true)).toBe(gone.length - ofOne);
  expect(await undo(providerId, false)).toBe(gone.length - ofOne);
  expect(await rowsOf(during)).toEqual(wellOff);
  expect(await rowsOf(before)).toEqual(earlier);
  expect(await dropHeld(database, { siteId: providerId }, { dryRun: true })).toBe(held);
  expect(await dropHeld(database, { siteId: providerId }, { dryRun: false })).toBe(held);
}

test('a provider with hosts for each customer calls everybody unknown: at most 100 go over all of its sites; undo restores exactly those', async () => {
  const sites = await newSites(database, CUSTOMERS, 'replies.example');
  const elsewhere = await newSites(database, 1, 'elsewhere.example');
  await holdsTogether('replies.example', { sites, record: byReply, sentBefore: false });
  // The provider still holds back; another one's unknown addresses go.
  await byReply(database, await insertSpread(database, elsewhere, { domain: 'else.example', messages: 1 }));
  const { quarantine } = await byReply(
    database,
    await insertSpread(database, sites.slice(0, 1), { domain: 'one.example', messages: 1 }),
  );
  expect(quarantine.held).toBe(1);
  expect(await quarantinedOf('else.example')).toHaveLength(1);
  // It stays in alarm as long as something was held at one of its sites within the hour.
  const alarmed = async () => (await listGuardedSites(database)).filter(({ alarmedAt }) => alarmedAt !== null).length;
  await setClock(database, DAY_ZERO + 1.9 * HOUR);
  await sweepGuard(database);
  expect(await alarmed()).toBe(1);
  await setClock(database, DAY_ZERO + 3 * HOUR);
  await sweepGuard(database);
  expect(await alarmed()).toBe(0);
});

test('the same, told by mails', async () => {
  const sites = await newSites(database, CUSTOMERS, 'mails.example');
  await holdsTogether('mails.example', { sites, record: byMail, sentBefore: true });
});

test('one dead customer is held at its own site, and takes nothing from the others', async () => {
  const sites = await newSites(database, 3, 'healthy.example');
  await setClock(database, DAY_ZERO - DAY);
  await insertHistory(database, sites, 'before.healthy.example');
  await setClock(database, DAY_ZERO);
  // A closed company among much good mail.
  const good = await insertSpread(database, sites.slice(1), { domain: 'good.example', messages: 8000 });
  const dead = await insertSpread(database, sites.slice(0, 1), { domain: 'dead.example', messages: 400 });
  for (let n = 0; n < 20; n += 1) {
    const { quarantine } = await recordOutcomes(database, [
      ...dead.slice(n * 20, (n + 1) * 20).map((id) => failed(id, 'user-unknown')),
      ...good.slice(n * 400, (n + 1) * 400).map((id, at) => (at === 0 ? failed(id, 'user-unknown') : sent(id))),
    ]);
    expect(quarantine.alarmedProviders).toEqual([]);
  }
  expect(await quarantinedOf('good.example')).toHaveLength(20);
  expect((await quarantinedOf('dead.example')).length).toBeLessThan(60);
  const guarded = (await listGuardedSites(database)).filter(({ provider }) => provider === 'healthy.example');
  expect(guarded).toMatchObject([
    { siteId: sites[0], alarmedAt: expect.any(Date) },
    { key: null, alarmedAt: null },
  ]);
});
