import { migrate, openDatabase, registerWorker, replaceRules, stopWorker, type Database } from '@mxflow/db';
import type { MxRule } from '@mxflow/domain';
import { createWorld } from '@mxflow/infra/testing';
import { createLogger } from '@mxflow/telemetry';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import { Grants } from '../src/shaping/grants.ts';
import { openRuleBook, type RuleBook } from '../src/shaping/rule-book.ts';
import { anyRule } from './lane.ts';

const made = new AsyncDisposableStack();
let database: Database;
let book: RuleBook;
let epoch: number;
let alive: boolean;
/** What answers of Postgres to requests wait for. */
let answersWait: Promise<void>;

beforeAll(async () => {
  const world = made.use(
    await createWorld({ templateKey: 'mxflow', prepare: async (url) => void (await migrate(url)) }),
  );
  database = made.use(openDatabase(world.databaseUrl));
});
afterAll(() => made.disposeAsync());
beforeEach(async () => {
  await setRules({ shared: false });
  book = await openRuleBook(database);
  epoch = await registerWorker(database, 'w', [{ publicId: 1 }]);
  alive = true;
  answersWait = Promise.resolve();
});

const pointAt = (mxIp: string) => ({ publicId: 1, mxHost: 'mx.a.test', mxIp, siteId: 1 });

async function setRules({ shared }: { readonly shared: boolean }): Promise<void> {
  await replaceRules(database, [rule('mx', 'mx.*', shared), rule('any', '*', false)]);
}

function rule(id: string, mask: string, shared: boolean): MxRule {
  const limits = { maxConnections: 5, messagesPerHour: 10_000, maxMessagesPerConnection: 20 };
  return { ...anyRule(limits), id, mask, shared };
}

/** A database whose answers to requests for grants come late. */
function withLateAnswers(): Database {
  const $queryRawUnsafe = async (sql: string, ...values: unknown[]): Promise<unknown> => {
    const rows = await database.client.$queryRawUnsafe(sql, ...values);
    if (sql.includes('mxflow_request')) await answersWait;
    return rows;
  };
  return { ...database, client: { $queryRawUnsafe } as unknown as Database['client'] };
}

function grantsOf(): Grants {
  const nothing = (): void => {};
  return new Grants({
    database: withLateAnswers(),
    book,
    currentEpoch: () => epoch,
    alive: () => alive,
    onStaleRules: nothing,
    events: { denied: nothing, slotGranted: nothing, tokenSpent: nothing, tokensUnspent: nothing },
    unlimited: false,
    logger: createLogger({ service: 'test', level: 'silent' }),
  });
}

async function slotsIn(scopeKey: string): Promise<number> {
  const [row] = await database.client.$queryRawUnsafe<{ slots: number }[]>(
    `SELECT slots_used AS slots FROM scopes WHERE key = $1`,
    scopeKey,
  );
  return row?.slots ?? 0;
}

/** A slot was asked for and is granted; nobody here has heard so. */
async function askUnheard(grants: Grants, mxIp: string) {
  const { promise, resolve: hear } = Promise.withResolvers<void>();
  answersWait = promise;
  const asked = grants.acquire(pointAt(mxIp));
  await expect.poll(() => slotsIn(`path:${mxIp}/1`)).toBe(1);
  return { asked, hear };
}

test('no connection is opened by an answer that comes when nothing may be sent any more', async () => {
  const asked = grantsOf().acquire(pointAt('192.0.2.1'));
  alive = false;
  expect((await asked).kind).toBe('denied');
});

test('what an epoch was granted that was fenced on the way is nothing of the next one', async () => {
  const grants = grantsOf();
  const { asked, hear } = await askUnheard(grants, '192.0.2.2');
  await stopWorker(database, epoch);
  epoch = await registerWorker(database, 'w', [{ publicId: 1 }]);
  grants.begin();
  hear();
  expect((await asked).kind).toBe('denied');
  expect(grants.connections).toBe(0);
});

test('a slot that was freed for want of an owner is not used when its answer comes at last', async () => {
  const grants = grantsOf();
  const { asked, hear } = await askUnheard(grants, '192.0.2.3');
  await grants.reconcile();
  await grants.reconcile();
  expect(await slotsIn('path:192.0.2.3/1')).toBe(0);
  hear();
  expect((await asked).kind).toBe('denied');
});

test('a slot that was granted while the rules changed is counted where the new ones count it', async () => {
  const grants = grantsOf();
  const { asked, hear } = await askUnheard(grants, '192.0.2.4');
  await setRules({ shared: true });
  await book.refresh();
  hear();
  expect((await asked).kind).toBe('granted');
  expect(await slotsIn('path:192.0.2.4/1')).toBe(0);
  expect(await slotsIn('rule:mx/1')).toBe(1);
});
