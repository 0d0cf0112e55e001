import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import {
  finishInboundMails,
  forgetOldInbound,
  knownMailboxUids,
  leaseInboundMails,
  readInboundBacklog,
  releaseInboundMails,
  renewInboundLeases,
  storeInboundMail,
  type Database,
} from '../src/index.ts';
import { openTestDatabase } from './world.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  await moveClock('0 seconds');
  await database.client.inboundMail.deleteMany();
});

async function moveClock(by: string): Promise<void> {
  await database.client.$executeRawUnsafe(
    `CREATE OR REPLACE FUNCTION mxflow_now() RETURNS timestamptz LANGUAGE sql VOLATILE
     AS 'SELECT clock_timestamp() + interval ''${by}'''`,
  );
}

async function storeMails(count: number, octets = 100, mailboxUid?: string): Promise<void> {
  const raw = Buffer.alloc(octets, 'x');
  const uid = mailboxUid === undefined ? {} : { mailboxUid };
  for (let n = 0; n < count; n += 1) {
    await storeInboundMail(database, {
      cameBy: 'smtp',
      mailFrom: '',
      rcptTo: [`r${n}@b.example`],
      raw,
      octets,
      ...uid,
    });
  }
}

const lease = (processor: string, { limit = 100, octets = 1_000_000 } = {}) =>
  leaseInboundMails(database, { processor, leaseSeconds: 20, limit, octets });
const finished = (ids: readonly string[]) =>
  ids.map((id) => ({ id, outcome: 'ordinary', because: 'a test', messageId: undefined }));

test('mails are leased in their order, each by one, no more octets at once than asked for, though always one', async () => {
  await storeMails(5);
  const [one, other] = [randomUUID(), randomUUID()];
  const first = await lease(one, { octets: 250 });
  expect(first.map(({ rcptTo }) => rcptTo)).toEqual([['r0@b.example'], ['r1@b.example']]);
  const rest = await lease(other, { octets: 1 });
  expect(rest.map(({ rcptTo }) => rcptTo)).toEqual([['r2@b.example']]);
  const leases = await Promise.all(Array.from({ length: 4 }, () => lease(randomUUID(), { limit: 1 })));
  expect(leases.flat()).toHaveLength(2);
  expect(await lease(one)).toEqual([]);
});

test('a lease ends unless it is renewed; who lost one marks nothing', async () => {
  await storeMails(2);
  const [one, other] = [randomUUID(), randomUUID()];
  const ids = (await lease(one)).map(({ id }) => id);
  await moveClock('15 seconds');
  await renewInboundLeases(database, { processor: one, leaseSeconds: 20, ids });
  await moveClock('30 seconds');
  expect(await lease(other)).toEqual([]);
  await moveClock('36 seconds');
  expect((await lease(other)).map(({ tries }) => tries)).toEqual([2, 2]);
  await finishInboundMails(database.client, one, finished(ids));
  expect((await readInboundBacklog(database)).mails).toBe(2);
  await releaseInboundMails(database, other, ids);
  expect((await lease(one)).map(({ tries }) => tries)).toEqual([2, 2]);
  await finishInboundMails(database.client, one, finished(ids));
  expect(await readInboundBacklog(database)).toEqual({ mails: 0, oldestSeconds: 0 });
});

test('a mail of a mailbox is stored once', async () => {
  await storeMails(2, 100, 'imap:a@b/INBOX 7/1');
  expect(await database.client.inboundMail.count()).toBe(1);
  expect([...(await knownMailboxUids(database, ['imap:a@b/INBOX 7/1', 'imap:a@b/INBOX 7/2']))]).toEqual([
    'imap:a@b/INBOX 7/1',
  ]);
});

test('processed mails are forgotten after the days that the settings say; what waits is not', async () => {
  await storeMails(3);
  const processor = randomUUID();
  const ids = (await lease(processor, { limit: 2 })).map(({ id }) => id);
  await finishInboundMails(database.client, processor, finished(ids));
  await moveClock('14 days 23 hours');
  expect(await forgetOldInbound(database, 100)).toBe(0);
  expect((await readInboundBacklog(database)).oldestSeconds).toBeGreaterThan(14 * 86_400);
  await moveClock('15 days 1 hour');
  expect(await forgetOldInbound(database, 1)).toBe(1);
  expect(await forgetOldInbound(database, 100)).toBe(1);
  expect((await readInboundBacklog(database)).mails).toBe(1);
});
