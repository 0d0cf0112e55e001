import type { MessageId } from '@mxflow/domain';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import {
  claimWork,
  explainAddress,
  historyOf,
  prepareChunk,
  recordBounces,
  recordOutcomes,
  registerWorker,
  sweepQuarantine,
} from '../src/index.ts';
import {
  bounced,
  DAY,
  DAY_ZERO,
  failed,
  HOUR,
  insertSending,
  newSite,
  sendAgain,
  sent,
  setClock,
  standingOf,
  type TestReason,
} from './quarantine-world.ts';
import { insertJob, openTestDatabase } from './world.ts';

let database: Awaited<ReturnType<typeof openTestDatabase>>;
let siteId: number;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  await setClock(database, DAY_ZERO);
  await database.client.quarantineEntry.deleteMany();
  siteId = await newSite(database);
});

const onDay = (day: number) => setClock(database, DAY_ZERO + day * DAY);

/** A new job of one message, whose only attempt comes to what is said. */
async function mail(address: string, day: number, came: 'sent' | TestReason): Promise<MessageId> {
  await onDay(day);
  const { ids } = await insertSending(database, [address], { siteId });
  const [id] = ids as readonly [MessageId];
  await recordOutcomes(database, [came === 'sent' ? sent(id) : failed(id, came)]);
  return id;
}

/** A new job to the address is made into work, or the address ignored. */
async function prepare(address: string): Promise<'work' | 'ignored'> {
  const jobNumber = await insertJob(database, { recipients: 1 });
  const messageId = `${BigInt(jobNumber) << 27n}` as MessageId;
  const prepared = await prepareChunk(database, {
    jobNumber,
    number: 0,
    pool: 'default',
    urgency: 2,
    recipients: [
      { messageId, ordinal: 0, address, addressKey: address.toLowerCase(), addressHash: crypto.randomUUID(), siteId },
    ],
  });
  return prepared.kind === 'prepared' && prepared.ignored === 0 ? 'work' : 'ignored';
}

test('mailbox full on three days: quarantined, ignored in a new job, after 30 days mailed again', async () => {
  const address = 'full@one.example';
  await mail(address, 0, 'mailbox-full');
  await mail(address, 1, 'mailbox-full');
  expect(await standingOf(database, address)).toMatchObject({ status: 'with_errors', errors: 2, countedAt: 1 });
  expect(await prepare(address)).toBe('work');
  await mail(address, 2, 'mailbox-full');
  expect(await standingOf(database, address)).toMatchObject({ status: 'quarantined', quarantinedAt: 2, releaseAt: 32 });
  expect(await prepare(address)).toBe('ignored');
  // Later errors do not extend it.
  await mail(address, 20, 'mailbox-full');
  await onDay(31.99);
  await sweepQuarantine(database, 10);
  expect(await prepare(address)).toBe('ignored');
  await onDay(32);
  // Nobody has to sweep first.
  expect(await prepare(address)).toBe('work');
  expect((await sweepQuarantine(database, 10)).released).toBe(1);
  expect(await standingOf(database, address)).toMatchObject({ status: 'valid', errors: 0, releaseAt: null });
  await mail(address, 33, 'mailbox-full');
  expect(await standingOf(database, address)).toMatchObject({ status: 'with_errors', errors: 1 });
  const history = await historyOf(database, address, { limit: 10 });
  expect(history.map(({ cause, statusAfter, errorsAfter }) => [cause, statusAfter, errorsAfter])).toEqual([
    ['error', 'with-errors', 1],
    ['release', 'valid', 0],
    ['error', 'quarantined', 3],
    ['error', 'with-errors', 2],
    ['error', 'with-errors', 1],
  ]);
});

test('the same as reports by mail after a 250: a 250 today and a bounce tomorrow, three times, is three errors', async () => {
  const address = 'full@two.example';
  for (const day of [0, 2, 4]) {
    const id = await mail(address, day, 'sent');
    await onDay(day + 1);
    expect((await recordBounces(database, [bounced(id, 'mailbox-full')])).results).toEqual(['applied']);
  }
  expect(await standingOf(database, address)).toMatchObject({ status: 'quarantined', errors: 3, releaseAt: 35 });
  expect(await prepare(address)).toBe('ignored');
  await onDay(35);
  expect(await prepare(address)).toBe('work');
});

test('an address quarantined while its message waits is refused by the claim, and claimed again once released', async () => {
  const address = 'full@three.example';
  const { ids } = await insertSending(database, [address], { siteId });
  await database.client.$executeRawUnsafe(
    `UPDATE work SET state = 'queued', worker = NULL WHERE address = $1`,
    address,
  );
  for (const day of [0, 1, 2]) await mail(address, day, 'mailbox-full');
  const epoch = await registerWorker(database, 'w', []);
  const keys = ids.map((messageId) => ({ messageId, attempt: 1 }));
  expect(await claimWork(database, epoch, keys)).toEqual([]);
  await onDay(32);
  expect(await claimWork(database, epoch, keys)).toHaveLength(1);
});

test('user unknown is quarantined at once; explain shows the rule and its text', async () => {
  const id = await mail('Dead@four.example', 0, 'user-unknown');
  const facts = await explainAddress(database, 'dead@FOUR.example');
  expect(facts).toMatchObject({
    address: 'dead@four.example',
    barred: true,
    entry: { status: 'quarantined', reason: 'user-unknown', rule: 'Address_unknown', text: '550 5.1.1 User unknown' },
    policy: { quarantineAt: 1, releaseDays: null },
    history: [{ cause: 'error', statusBefore: 'valid', messageId: id, attempt: 1 }],
    held: 0,
  });
});

test('refused ten times never; throttled on 20 days counts nothing', async () => {
  for (let day = 0; day < 10; day += 1) await mail('well@five.example', day, 'refused');
  for (let day = 0; day < 20; day += 1) await mail('well@five.example', 10 + day, 'unreachable');
  expect(await standingOf(database, 'well@five.example')).toBeUndefined();
  expect(await prepare('well@five.example')).toBe('work');
});

test('retries of one message within a day are one error', async () => {
  const { ids } = await insertSending(database, ['full@six.example'], { siteId });
  const [id] = ids as readonly [MessageId];
  for (let attempt = 1; attempt <= 6; attempt += 1) {
    const now = DAY_ZERO + (attempt - 1) * 4 * HOUR;
    await setClock(database, now);
    if (attempt > 1) await sendAgain(database, ids);
    await recordOutcomes(database, [failed(id, 'mailbox-full', { attempt, dueAt: now + HOUR })]);
  }
  expect(await standingOf(database, 'full@six.example')).toMatchObject({ errors: 1, countedAt: 0 });
});

test('a counter falls to zero after ten days, and seven days after the first of some successes', async () => {
  for (const address of ['a@seven.example', 'b@seven.example']) await mail(address, 0, 'mailbox-full');
  await mail('b@seven.example', 1, 'sent');
  await mail('b@seven.example', 5, 'sent');
  expect(await standingOf(database, 'b@seven.example')).toMatchObject({ errors: 1, successAt: 1 });
  await onDay(7.9);
  expect(await sweepQuarantine(database, 10)).toEqual({ released: 0, reset: 0 });
  await onDay(8);
  expect(await sweepQuarantine(database, 10)).toEqual({ released: 0, reset: 1 });
  expect(await standingOf(database, 'b@seven.example')).toMatchObject({ status: 'valid', errors: 0 });
  await onDay(10);
  expect(await sweepQuarantine(database, 10)).toEqual({ released: 0, reset: 1 });
  expect(await standingOf(database, 'a@seven.example')).toMatchObject({ status: 'valid', errors: 0 });
});

test('to an allow-listed address mail is sent anyway, and its errors are logged as ignored', async () => {
  await database.client.quarantineEntry.create({ data: { address: 'vip@eight.example', status: 'allow_listed' } });
  const id = await mail('Vip@eight.example', 0, 'user-unknown');
  const delivered = await mail('vip@eight.example', 1, 'sent');
  await recordBounces(database, [bounced(delivered, 'user-unknown')]);
  expect(await prepare('vip@eight.example')).toBe('work');
  expect(await standingOf(database, 'vip@eight.example')).toMatchObject({ status: 'allow_listed', errors: 0 });
  for (const messageId of [id, delivered]) {
    const rows = await database.client.deliveryLog.findMany({
      where: { messageId: BigInt(messageId) },
      orderBy: { id: 'asc' },
    });
    expect(rows.at(-1)).toMatchObject({ status: 'failed', failureType: 'ignored', failureReason: 'ignored' });
  }
});

test('a job that only verifies, or simulates, never touches quarantine', async () => {
  for (const mode of ['verify', 'simulate'] as const) {
    const { ids } = await insertSending(database, [`${mode}@nine.example`], { siteId, mode });
    await recordOutcomes(
      database,
      ids.map((id) => failed(id, 'user-unknown')),
    );
    expect(await standingOf(database, `${mode}@nine.example`)).toBeUndefined();
  }
});

test("an operator's policy holds at once", async () => {
  await database.client.reasonPolicy.create({
    data: { reason: 'refused', origin: 'local', quarantineAt: 2, releaseDays: 1 },
  });
  for (const day of [0, 1]) await mail('refused@ten.example', day, 'refused');
  expect(await standingOf(database, 'refused@ten.example')).toMatchObject({ status: 'quarantined', releaseAt: 2 });
});
