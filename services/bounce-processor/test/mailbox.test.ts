import { afterAll, beforeAll, expect, test } from 'vitest';

import type { MessageId } from '@mxflow/domain';

import { startImap, startPop3 } from './mailbox-servers.ts';
import { DOMAIN, dsn, lines, sealsOf } from './reports.ts';
import { startService } from './service-in-process.ts';
import { countsOf, insertSentJob, openTestWorld, until, type TestWorld } from './world.ts';

let world: TestWorld;
beforeAll(async () => {
  world = await openTestWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const seals = sealsOf();
const CREDENTIALS = 'us%40er:the%20pass%3Aword';

test.for([
  ['pop3', startPop3],
  ['imap', startImap],
] as const)('a %s mailbox is emptied: each mail is stored once, and removed after that', async ([protocol, start]) => {
  const { jobNumber, ids } = await insertSentJob(world.database, { recipients: 3 });
  const [a, b] = ids as [MessageId, MessageId];
  await using mailbox = await start();
  const bounceOf = (id: MessageId, at: number): Buffer =>
    Buffer.from(`Delivered-To: ${seals.returnPath(id)}\r\n${dsn({ recipient: `r${at}@example.net` })}.a dot\r\n..\r\n`);
  mailbox.mails
    .set('11', bounceOf(a, 0))
    .set('12', bounceOf(b, 1))
    .set('13', Buffer.from(lines(`To: somebody@${DOMAIN}`, 'Subject: Hello', '', 'Anybody there?')))
    .set('14', Buffer.alloc(200_000, 'too large\r\n'));
  // The first visit ends between a mail that is stored and its removal.
  mailbox.breakAtRemoval = true;
  await using service = await startService(world, {
    MXFLOW_BOUNCE_MAILBOXES: `${protocol}://${CREDENTIALS}@127.0.0.1:${mailbox.port}/INBOX`,
    MXFLOW_BOUNCE_MAILBOX_EVERY: '1s',
    MXFLOW_BOUNCE_MAX_SIZE: '100000',
  });
  await until(() => mailbox.mails.size === 1);
  expect([...mailbox.mails.keys()]).toEqual(['14']);
  const mails = () =>
    world.database.client.inboundMail.findMany({ where: { cameBy: protocol }, orderBy: { id: 'asc' } });
  await until(async () => (await mails()).every(({ processedAt }) => processedAt !== null));
  const stored = await mails();
  expect(stored.map(({ outcome }) => outcome)).toEqual(['bounce', 'bounce', 'not-ours']);
  expect(Buffer.from(stored[0]?.raw ?? [])).toEqual(bounceOf(a, 0));
  expect(mailbox.fetched).toEqual(['11', '12', '13']);
  expect(await countsOf(world.database, jobNumber)).toEqual({ sent: 1, failed: 2 });
  const told = service.lines.map(({ msg }) => msg);
  expect(told.filter((msg) => msg === 'visit to a mailbox broke off')).toHaveLength(1);
  expect(JSON.stringify(service.lines)).not.toContain('pass:word');
});
