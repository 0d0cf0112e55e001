import { afterAll, beforeAll, expect, test } from 'vitest';

import { startImap, startPop3 } from './mailbox-servers.ts';
import { dsn, sealsOf } from './reports.ts';
import { startService } from './service-in-process.ts';
import { countsOf, insertSentJob, openTestWorld, until, type TestWorld } from './world.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await openTestWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const seals = sealsOf();

test.for([
  ['pop3', startPop3],
  ['imap', startImap],
] as const)('%s, cut off between a mail that is stored and its removal, in pieces', async ([protocol, start]) => {
  const { jobNumber, ids } = await insertSentJob(world.database, { recipients: 2 });
  await using mailbox = await start();
  const bounces = ids.map((id, at) =>
    Buffer.from(`Delivered-To: ${seals.returnPath(id)}\r\n${dsn({ recipient: `r${at}@example.net` })}.a dot\r\n..\r\n`),
  );
  for (const [at, mail] of bounces.entries()) mailbox.mails.set(`1${at}`, mail);
  mailbox.breakAtRemoval = true;
  await using service = await startService(world, {
    MXFLOW_BOUNCE_MAILBOXES: `${protocol}://user:word@127.0.0.1:${mailbox.port}/INBOX`,
    MXFLOW_BOUNCE_MAILBOX_EVERY: '1s',
  });
  await until(() => mailbox.mails.size === 0);
  const mails = () =>
    world.database.client.inboundMail.findMany({ where: { cameBy: protocol }, orderBy: { id: 'asc' } });
  await until(async () => (await mails()).every(({ processedAt }) => processedAt !== null));
  expect((await mails()).map(({ raw }) => Buffer.from(raw ?? []))).toEqual(bounces);
  expect(mailbox.fetched).toEqual(['10', '11']);
  expect(await countsOf(world.database, jobNumber)).toEqual({ failed: 2 });
  const told = service.lines.map(({ msg }) => msg);
  expect(told.filter((msg) => msg === 'visit to a mailbox broke off')).toHaveLength(1);
});
