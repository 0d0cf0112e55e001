import { afterAll, beforeAll, expect, test } from 'vitest';

import type { MessageId } from '@mxflow/domain';

import { HOSTILE_MAILS } from './hostile-mails.ts';
import { autoReply, complaint, DOMAIN, dsn, lines, sealsOf } from './reports.ts';
import { startService, type RunningService } from './service-in-process.ts';
import { connectSmtp } from './smtp-client.ts';
import {
  countsOf,
  insertEndpoint,
  insertSentJob,
  insertTenant,
  openTestWorld,
  until,
  type TestWorld,
} from './world.ts';

let world: TestWorld;
let service: RunningService;
let port: number;
beforeAll(async () => {
  world = await openTestWorld();
  service = await startService(world, { MXFLOW_BOUNCE_SMTP_PORT: '0', MXFLOW_RETURN_PATH_DOMAIN: DOMAIN });
  port = Number(service.lines.find(({ msg }) => msg === 'taking bounce mail by SMTP')?.['port']);
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const seals = sealsOf();
type Mail = { readonly to: string; readonly content: string | Uint8Array; readonly from?: string };

/** Posts mails and waits until all that is stored is processed; answers what each was found to be. */
async function post(mails: readonly Mail[]): Promise<readonly string[]> {
  await using client = await connectSmtp(port);
  for (const { to, content, from = '' } of mails) {
    expect(await client.mail({ from, to: [to], content })).toMatch(/^250/);
  }
  await until(async () => (await world.database.client.inboundMail.count({ where: { processedAt: null } })) === 0);
  const rows = await world.database.client.inboundMail.findMany({ orderBy: { id: 'desc' }, take: mails.length });
  return rows.toReversed().map(({ outcome }) => outcome ?? '');
}

const logOf = (messageId: MessageId) =>
  world.database.client.deliveryLog.findMany({ where: { messageId: BigInt(messageId) }, orderBy: { id: 'asc' } });
const entryOf = (address: string) => world.database.client.quarantineEntry.findUnique({ where: { address } });

/** Everything that a bounce could change. */
async function dump(): Promise<string> {
  const tables = [
    'quarantine',
    'quarantine_history',
    'delivery_log',
    'job_counts',
    'webhook_outbox',
    'bounced_messages',
  ];
  const rows = await Promise.all(
    tables.map((table) =>
      world.database.client.$queryRawUnsafe(
        `SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text)::text AS rows FROM ${table} t`,
      ),
    ),
  );
  return JSON.stringify(rows);
}

test('a bounce of a message that was sent: failed in the log, counted, quarantined, told upstream', async () => {
  const tenantId = await insertTenant(world.database);
  const endpointId = await insertEndpoint(world.database, { url: 'http://127.0.0.1:9/', tenantId });
  const { jobNumber, ids } = await insertSentJob(world.database, { recipients: 3, tenantId });
  const [a, b] = ids as [MessageId, MessageId];
  const outcomes = await post([
    { to: seals.returnPath(a), content: dsn({ recipient: 'r0@example.net' }) },
    // Relays change the case of what they pass on.
    {
      to: seals.returnPath(b).toUpperCase(),
      content: dsn({ recipient: 'r1@example.net', diagnostic: '550 5.2.2 User quota exceeded', status: '5.2.2' }),
    },
  ]);
  expect(outcomes).toEqual(['bounce', 'bounce']);
  expect(await countsOf(world.database, jobNumber)).toEqual({ sent: 1, failed: 2 });
  expect((await logOf(a)).map(({ status }) => status)).toEqual(['sent', 'failed']);
  expect((await logOf(a))[1]).toMatchObject({
    failureReason: 'user-unknown',
    failureType: 'hard',
    reply: expect.stringMatching(/^Inbound email bounce \(rule '[^']+' has matched this bounce\)$/) as string,
  });
  expect((await logOf(b))[1]).toMatchObject({ failureReason: 'mailbox-full', failureType: 'soft' });
  expect(await entryOf('r0@example.net')).toMatchObject({ status: 'quarantined' });
  expect(await entryOf('r1@example.net')).toMatchObject({ status: 'with_errors', errorCount: 1 });
  const told = await world.database.client.webhookOutbox.findMany({ where: { endpointId } });
  expect(told.map(({ body }) => (body as { event: string }).event).toSorted()).toEqual([
    'message.bounced',
    'message.bounced',
    'message.sent',
    'message.sent',
    'message.sent',
  ]);
});

test('delayed, relayed, automatic and personal mail changes nothing; delayed, then failed counts once', async () => {
  const { jobNumber, ids } = await insertSentJob(world.database, { recipients: 5 });
  const [a, b, c, d] = ids as [MessageId, MessageId, MessageId, MessageId];
  const before = await dump();
  const delayed = {
    recipient: 'r0@example.net',
    action: 'delayed',
    diagnostic: '451 4.4.1 timed out',
    status: '4.4.1',
  } as const;
  const outcomes = await post([
    { to: seals.returnPath(a), content: dsn(delayed) },
    { to: seals.returnPath(b), content: dsn({ recipient: 'r1@example.net', action: 'relayed', status: '2.0.0' }) },
    { to: seals.returnPath(c), content: autoReply('r2@example.net') },
    { to: seals.returnPath(d), content: lines('From: r3@example.net', 'Subject: Re: Hello', '', 'Thank you!') },
    { to: `postmaster@${DOMAIN}`, content: lines('From: r3@example.net', 'Subject: Hello', '', 'Is anybody there?') },
  ]);
  expect(outcomes).toEqual(['delayed', 'ordinary', 'auto-reply', 'ordinary', 'not-ours']);
  expect(await dump()).toBe(before);
  const failed = { to: seals.returnPath(a), content: dsn({ recipient: 'r0@example.net' }) };
  expect(await post([failed, failed])).toEqual(['bounce', 'repeated']);
  expect(await countsOf(world.database, jobNumber)).toEqual({ sent: 4, failed: 1 });
});

test('a bounce that is replayed 100 times counts once', async () => {
  const { jobNumber, ids } = await insertSentJob(world.database, { recipients: 2 });
  const [a] = ids as [MessageId];
  const mail = {
    to: seals.returnPath(a),
    content: dsn({ recipient: 'r0@example.net', diagnostic: '552 5.2.2 over quota' }),
  };
  const outcomes = await post(Array.from({ length: 100 }, () => mail));
  expect(outcomes.filter((outcome) => outcome === 'bounce')).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === 'repeated')).toHaveLength(99);
  expect(await countsOf(world.database, jobNumber)).toEqual({ sent: 1, failed: 1 });
  expect(await logOf(a)).toHaveLength(2);
});

test('forged, expired and foreign seals change nothing, whatever form the report has', async () => {
  const { ids } = await insertSentJob(world.database, { recipients: 4 });
  const [a, b] = ids as [MessageId, MessageId];
  const foreign = sealsOf('the secret of an instance elsewhere');
  const expired = sealsOf(undefined, { day: Math.floor(Date.now() / 86_400_000) - 40 });
  const header = (value: string): string => `Message-ID: ${value}\r\nSubject: Hello`;
  const recipient = 'r0@example.net';
  const ours = header(seals.messageIdHeader(a));
  const theirs = header(foreign.messageIdHeader(a));
  const cut = seals.returnPath(a).replace(/.@/, '@');
  const changed = seals.returnPath(a).replace(/(.)@/, (_all, last: string) => `${last === 'a' ? 'b' : 'a'}@`);
  const otherId = seals.returnPath(a).replace(/^b-[^-]+/, /^b-[^-]+/.exec(seals.returnPath(b))?.[0] ?? '');
  const otherKey = seals.returnPath(a).replace(/-a(?=[a-z2-7]{16}@)/, '-b');
  const forms = [
    { content: dsn({ recipient }), back: (returned: string) => dsn({ recipient, returned }) },
    { content: complaint(recipient), back: (returned: string) => complaint(recipient, returned) },
    {
      content: lines(
        'From: MAILER-DAEMON@qmail.example',
        'Subject: failure notice',
        '',
        `<${recipient}>:`,
        'Sorry, no mailbox here by that name. (#5.1.1)',
      ),
      back: (returned: string) =>
        lines(
          'From: MAILER-DAEMON@qmail.example',
          'Subject: failure notice',
          '',
          'Hi. This is the qmail-send program.',
          `<${recipient}>:`,
          'Sorry, no mailbox here by that name. (#5.1.1)',
          '',
          '--- Below this line is a copy of the message.',
          '',
          'Return-Path: <x@example.com>',
          'From: news@example.com',
          returned,
        ),
    },
  ];
  const before = await dump();
  const mails = forms.flatMap(({ content, back }) => [
    ...[cut, changed, otherId, otherKey, foreign.returnPath(a), foreign.unsubscribe(a), expired.returnPath(a)].map(
      (to) => ({
        to,
        content,
      }),
    ),
    // A right Message-ID does not make a wrong address good.
    { to: changed, content: back(ours) },
    { to: `x@${DOMAIN}`, content: back(theirs) },
    { to: `x@${DOMAIN}`, content: back('Message-ID: <abc@example.com>\r\nSubject: Hello') },
  ]);
  const outcomes = await post(mails);
  expect(outcomes).toEqual(
    forms.flatMap(() => [...Array.from({ length: 6 }, () => 'forged'), 'stale', 'forged', 'forged', 'not-ours']),
  );
  expect(await dump()).toBe(before);
  const counted = await service.metricsText();
  expect(counted).toMatch(/^mxflow_inbound_processed_total\{[^}]*outcome="forged"[^}]*\} 24$/m);
  expect(counted).toMatch(/^mxflow_inbound_processed_total\{[^}]*outcome="stale"[^}]*\} 3$/m);
});

test('a Message-ID that comes back says whose it is where the address does not', async () => {
  const { jobNumber, ids } = await insertSentJob(world.database, { recipients: 2 });
  const [a, b] = ids as [MessageId, MessageId];
  const outcomes = await post([
    {
      to: `fbl@${DOMAIN}`,
      content: dsn({ recipient: 'r0@example.net', returned: `Message-ID: ${seals.messageIdHeader(a)}\r\nSubject: x` }),
    },
    {
      to: `fbl@${DOMAIN}`,
      content: complaint('r1@example.net', `Return-Path: <${seals.returnPath(b)}>\r\nSubject: x`),
    },
  ]);
  expect(outcomes).toEqual(['bounce', 'complaint']);
  expect(await countsOf(world.database, jobNumber)).toEqual({ failed: 2 });
  expect(await entryOf('r1@example.net')).toMatchObject({ status: 'denylisted' });
});

test('a mail to an unsubscribe address takes the address off the list, and upstream hears of it', async () => {
  const tenantId = await insertTenant(world.database);
  const endpointId = await insertEndpoint(world.database, { url: 'http://127.0.0.1:9/', tenantId });
  const { jobNumber, ids } = await insertSentJob(world.database, { recipients: 2, tenantId });
  const [a, b] = ids as [MessageId, MessageId];
  const outcomes = await post([
    { from: 'r0@example.net', to: seals.unsubscribe(a), content: lines('Subject: unsubscribe', '', '') },
    { from: 'r0@example.net', to: seals.unsubscribe(a), content: lines('Subject: unsubscribe', '', '') },
    { to: seals.unsubscribe(b), content: dsn({ recipient: 'r1@example.net' }) },
  ]);
  expect(outcomes).toEqual(['unsubscribe', 'repeated', 'ordinary']);
  expect(await countsOf(world.database, jobNumber)).toEqual({ sent: 2 });
  const left = await world.database.client.$queryRawUnsafe(
    'SELECT address FROM unsubscribes WHERE tenant_id = $1',
    tenantId,
  );
  expect(left).toEqual([{ address: 'r0@example.net' }]);
  const told = await world.database.client.webhookOutbox.findMany({
    where: { endpointId, event: 'message.unsubscribed' },
  });
  expect(told).toHaveLength(1);
});

test('hostile mails: each that was answered 250 is kept and accounted for, and the next bounce counts', async () => {
  const { jobNumber, ids } = await insertSentJob(world.database, { recipients: 2 });
  const [a] = ids as [MessageId];
  const whole = Buffer.from(dsn({ recipient: 'r1@example.net' }));
  const cut = Array.from({ length: 20 }, (_, n) => whole.subarray(0, Math.floor((whole.length * n) / 20)));
  const mails = [...HOSTILE_MAILS.map(([, mail]) => mail()), ...cut];
  // To nobody of ours: whatever they say, they can be about no message.
  const outcomes = await post(mails.map((content) => ({ to: `x@${DOMAIN}`, content })));
  expect(outcomes.filter((outcome) => outcome !== 'not-ours' && outcome !== 'unparsed')).toEqual([]);
  expect(await countsOf(world.database, jobNumber)).toEqual({ sent: 2 });
  expect(await post([{ to: seals.returnPath(a), content: dsn({ recipient: 'r0@example.net' }) }])).toEqual(['bounce']);
});
