import { issueHubKey, migrate, openDatabase, type Database } from '@mxflow/db';
import { createWorld } from '@mxflow/infra/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { foundBy } from '../src/found.ts';
import { startHubProcess, type HubProcess } from './hub-process.ts';
import { firstOf, smallRuleSet } from './hub.ts';

const held = new AsyncDisposableStack();
let databaseUrl = '';
let database: Database;
let key = '';
let one: HubProcess;
let two: HubProcess;

beforeAll(async () => {
  const world = held.use(
    await createWorld({ templateKey: 'mxflow', prepare: async (url) => void (await migrate(url)) }),
  );
  ({ databaseUrl } = world);
  database = held.use(openDatabase(databaseUrl, { poolSize: 3 }));
  key = (await issueHubKey(database, { name: 'editor', role: 'editor', replace: false }))?.key ?? '';
  // At once on an empty database: one of them founds the hub.
  const founded = await Promise.all([foundBy(database, smallRuleSet()), foundBy(database, smallRuleSet())]);
  expect(founded.filter((isOne) => isOne)).toHaveLength(1);
  const start = async (): Promise<HubProcess> => held.use(await startHubProcess(databaseUrl, key));
  [one, two] = await Promise.all([start(), start()]);
}, 90_000);
afterAll(() => held.disposeAsync());

const versionsIn = async () =>
  (await database.client.hubVersion.findMany({ orderBy: { version: 'asc' } })).map(({ version }) => version);
const changeDraft = async (hub: HubProcess, thresholdPerHour: number) => {
  const { body } = await hub.call('GET', '/v1/draft');
  const rule = firstOf(body.content.feedbackRules);
  await hub.call('PUT', `/v1/draft/feedback-rules/${rule.id}`, { body: { ...rule, thresholdPerHour } });
};
const publish = (hub: HubProcess) => hub.call('POST', '/v1/draft/publish', { body: { note: 'by a process' } });

test(
  'hubs side by side serve the same octets; what one publishes all serve within five seconds, while clients come',
  { timeout: 60_000 },
  async () => {
    expect(await versionsIn()).toEqual([1]);
    const [mine, yours] = await Promise.all([one.call('GET', '/v1/rule-set'), two.call('GET', '/v1/rule-set')]);
    expect(yours.text).toBe(mine.text);
    const etag = String(mine.headers.get('etag'));
    expect(yours.headers.get('etag')).toBe(etag);

    await changeDraft(one, 41);
    using ending = new DisposableStack();
    let isOver = false;
    ending.defer(() => (isOver = true));
    const seen = new Set<number>();
    const comeAgain = async (hub: HubProcess): Promise<void> => {
      while (!isOver) seen.add((await hub.call('GET', '/v1/rule-set', { headers: { 'if-none-match': etag } })).status);
    };
    const clients = [one, two].map(comeAgain);
    expect((await publish(one)).status).toBe(201);
    expect((await one.call('GET', '/v1/rule-set')).headers.get('etag')).toMatch(/^W\/"2-/);
    await expect
      .poll(async () => (await two.call('GET', '/v1/rule-set')).headers.get('etag'), { timeout: 5_000 })
      .toMatch(/^W\/"2-/);
    ending.dispose();
    await Promise.all(clients);
    expect([...seen].toSorted((a, b) => a - b)).toEqual([200, 304]);
  },
);

/** What another session holds while a hub publishes, so that it is killed right there. */
const PLACES = [
  ['before it has the draft', `SELECT 1 FROM hub_draft FOR UPDATE`],
  [
    'while it writes the version',
    `INSERT INTO hub_versions SELECT max(version) + 1, 'x', '', now(), '', '' FROM hub_versions`,
  ],
] as const;

test.for(PLACES)(
  'a hub that is killed as it publishes, %s, leaves nothing half',
  { timeout: 90_000 },
  async ([, statement]) => {
    const before = await versionsIn();
    const hub = await startHubProcess(databaseUrl, key);
    await changeDraft(hub, 50 + before.length);
    const holder = new pg.Client({ connectionString: databaseUrl });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query(statement);
    const cutOff = publish(hub).catch(() => 'cut off');
    await expect
      .poll(async () => (await holder.query(`SELECT 1 FROM pg_locks WHERE NOT granted`)).rowCount, { timeout: 20_000 })
      .toBeGreaterThan(0);
    await hub.kill();
    await holder.query('ROLLBACK');
    await holder.end();
    expect(await cutOff).toBe('cut off');

    expect(await versionsIn()).toEqual(before);
    expect((await two.call('GET', '/v1/draft/diff')).body.diff.feedbackRules.changed).toHaveLength(1);
    expect(await publish(two)).toMatchObject({ status: 201, body: { version: before.length + 1 } });
    await expect
      .poll(async () => (await one.call('GET', '/v1/rule-set')).headers.get('etag'), { timeout: 5_000 })
      .toMatch(new RegExp(`^W/"${before.length + 1}-`));
  },
);
