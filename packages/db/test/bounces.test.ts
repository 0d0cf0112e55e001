import { messageIdOf, type MessageId } from '@mxflow/domain';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

import {
  claimWork,
  prepareChunk,
  recordBounces,
  recordOutcomes,
  registerWorker,
  settleRefusedClaims,
  WEBHOOK_EVENTS,
} from '../src/index.ts';
import {
  bounced,
  complained,
  countsOf,
  DAY_ZERO,
  failed,
  insertSending,
  newSite,
  sent,
  setClock,
  standingOf,
} from './quarantine-world.ts';
import { insertJob, openTestDatabase } from './world.ts';

let database: Awaited<ReturnType<typeof openTestDatabase>>;
let siteId: number;
beforeAll(async () => {
  database = await openTestDatabase();
  const tenant = await database.client.tenant.create({ data: { name: 't' } });
  await database.client.webhookEndpoint.create({
    data: { tenantId: tenant.id, url: 'https://up.example', secret: new Uint8Array(1), events: [...WEBHOOK_EVENTS] },
  });
});
afterAll(() => database[Symbol.asyncDispose]());
beforeEach(async () => {
  await setClock(database, DAY_ZERO);
  siteId = await newSite(database);
});

async function delivered(addresses: readonly string[], options: object = {}) {
  const job = await insertSending(database, addresses, { siteId, ...options });
  await recordOutcomes(
    database,
    job.ids.map((id) => sent(id)),
  );
  return job;
}
const report = async (...bounces: Parameters<typeof recordBounces>[1]) =>
  (await recordBounces(database, bounces)).results;
const logOf = async (messageId: MessageId | undefined) =>
  await database.client.deliveryLog.findMany({ where: { messageId: BigInt(messageId ?? 0) }, orderBy: { id: 'asc' } });
const toldOf = async (messageId: MessageId | undefined) => {
  const rows = await database.client.webhookOutbox.findMany({
    where: { messageId: BigInt(messageId ?? 0) },
    orderBy: { id: 'asc' },
  });
  return rows.map(({ event }) => event);
};

test('what was sent becomes failed once: log, counters, webhook, quarantine', async () => {
  const { jobNumber, ids } = await delivered(['Dead@One.example', 'well@one.example']);
  const [dead] = ids;
  expect(await report(bounced(dead!, 'user-unknown'), bounced(dead!, 'user-unknown'))).toEqual(['applied', 'repeated']);
  expect(await report(...Array.from({ length: 20 }, () => bounced(dead!, 'user-unknown')))).toEqual(
    Array.from({ length: 20 }, () => 'repeated'),
  );
  expect(await countsOf(database, jobNumber)).toEqual({ sent: 1, failed: 1 });
  expect((await logOf(dead)).at(-1)).toMatchObject({
    status: 'failed',
    failureType: 'hard',
    failureReason: 'user-unknown',
    failureDetail: 'user-unknown',
    rule: 'Address_unknown',
    reply: "Inbound email bounce (rule 'Address_unknown' has matched this bounce)",
    address: 'Dead@One.example',
  });
  expect(await logOf(dead)).toHaveLength(2);
  expect(await toldOf(dead)).toEqual(['message.sent', 'message.bounced']);
  expect(await standingOf(database, 'dead@one.example')).toMatchObject({
    status: 'quarantined',
    errors: 1,
    reason: 'user-unknown',
    rule: 'Address_unknown',
    text: '550 5.1.1 User unknown',
    domain: 'one.example',
    releaseAt: null,
  });
});

test('a bounce without a rule is logged in the words of the mail', async () => {
  const { ids } = await delivered(['a@two.example']);
  const { rule: _, ...bounce } = bounced(ids[0]!, 'user-unknown') as Extract<
    ReturnType<typeof bounced>,
    { kind: 'failed' | 'complaint' }
  >;
  expect(await report({ ...bounce, reply: '550 User\u0000 Unknown' })).toEqual(['applied']);
  expect((await logOf(ids[0])).at(-1)?.reply).toBe('550 User Unknown');
});

test('what is unknown, not sent yet, refused before, or only tried changes nothing', async () => {
  const { jobNumber, ids } = await insertSending(database, ['b@three.example', 'c@three.example'], { siteId });
  await recordOutcomes(database, [
    failed(ids[0]!, 'mailbox-full', { dueAt: DAY_ZERO + 1000 }),
    failed(ids[1]!, 'user-unknown'),
  ]);
  const tried = await delivered(['d@three.example'], { mode: 'verify' });
  const unknown = '987654321987654' as MessageId;
  expect(
    await report(
      bounced(ids[0]!, 'user-unknown'),
      bounced(ids[1]!, 'user-unknown'),
      bounced(tried.ids[0]!, 'user-unknown'),
      bounced(unknown, 'user-unknown'),
    ),
  ).toEqual(['not-sent', 'repeated', 'not-sent', 'unknown-message']);
  expect(await countsOf(database, jobNumber)).toEqual({ deferred: 1, failed: 1 });
  expect(await countsOf(database, tried.jobNumber)).toEqual({ sent: 1 });
  expect(await standingOf(database, 'd@three.example')).toBeUndefined();
  expect(await standingOf(database, 'b@three.example')).toMatchObject({ errors: 1, status: 'with_errors' });
});

test('a bounce that is quicker than the outcome ends the message; the outcome then comes too late', async () => {
  const { jobNumber, ids } = await insertSending(database, ['e@four.example'], { siteId });
  expect(await report(bounced(ids[0]!, 'user-unknown'))).toEqual(['applied']);
  expect((await recordOutcomes(database, [sent(ids[0]!)])).transitions).toEqual([]);
  expect(await countsOf(database, jobNumber)).toEqual({ failed: 1 });
  expect(await toldOf(ids[0])).toEqual(['message.bounced']);
});

test('a complaint: logged as refused, the address denylisted, its counter untouched; once', async () => {
  const { jobNumber, ids } = await delivered(['f@five.example', 'g@five.example']);
  expect(await report(complained(ids[0]!), complained(ids[0]!))).toEqual(['applied', 'repeated']);
  expect(await countsOf(database, jobNumber)).toEqual({ sent: 1, failed: 1 });
  expect(await toldOf(ids[0])).toEqual(['message.sent', 'message.complained']);
  expect((await logOf(ids[0])).at(-1)).toMatchObject({
    failureType: 'soft',
    failureReason: 'refused',
    failureDetail: 'complaint',
    reply: "Inbound email bounce (rule 'Feedback_loop_Hotmail' has matched this bounce)",
  });
  expect(await standingOf(database, 'f@five.example')).toMatchObject({ status: 'denylisted', errors: 0 });
  expect(await report(bounced(ids[1]!, 'mailbox-full'), complained(ids[1]!))).toEqual(['applied', 'applied']);
  expect(await countsOf(database, jobNumber)).toEqual({ failed: 2 });
  expect(await standingOf(database, 'g@five.example')).toMatchObject({ status: 'denylisted', errors: 1 });
});

test('what is not prepared yet of a list that was left is ignored', async () => {
  const before = await insertJob(database, { recipients: 1 });
  const one = await delivered(['j@seven.example']);
  await database.client.$executeRawUnsafe(
    `UPDATE jobs SET settings = jsonb_set(settings, '{from,address}', '"News@shop.example"') WHERE id = $1::bigint`,
    before,
  );
  await report({ messageId: one.ids[0]!, kind: 'unsubscribe' });
  const recipient = {
    ordinal: 0,
    address: 'J@seven.example',
    addressKey: 'j@seven.example',
    addressHash: crypto.randomUUID(),
    siteId,
  };
  const prepared = await prepareChunk(database, {
    jobNumber: before,
    number: 0,
    pool: 'default',
    urgency: 2,
    recipients: [{ ...recipient, messageId: messageIdOf(before, 0) }],
  });
  expect(prepared).toEqual({ kind: 'prepared', ignored: 1 });
  expect((await logOf(messageIdOf(before, 0))).at(-1)).toMatchObject({
    status: 'ignored',
    failureReason: 'unsubscribed',
  });
});

test('a complaint of what expired in doubt denylists, and rewrites neither log nor counters', async () => {
  const { jobNumber, ids } = await insertSending(database, ['k@eight.example'], { siteId });
  await recordOutcomes(database, [{ messageId: ids[0]!, attempt: 1, status: 'expired', inDoubt: true }]);
  expect(await report(bounced(ids[0]!, 'user-unknown'), complained(ids[0]!))).toEqual(['not-sent', 'applied']);
  expect(await countsOf(database, jobNumber)).toEqual({ expired: 1, inDoubt: 1 });
  expect((await logOf(ids[0])).map(({ status }) => status)).toEqual(['expired']);
  expect(await toldOf(ids[0])).toEqual(['message.expired', 'message.complained']);
  expect(await standingOf(database, 'k@eight.example')).toMatchObject({ status: 'denylisted', errors: 0 });
});

test('an unsubscription stops what the list has still to send, and nothing of other lists or of later jobs', async () => {
  const [one, same, other] = [
    await delivered(['h@six.example'], { listId: 'weekly' }),
    await insertSending(database, ['H@six.example', 'i@six.example'], { siteId, listId: 'weekly' }),
    await insertSending(database, ['h@six.example'], { siteId, listId: 'daily' }),
  ];
  expect(await report({ messageId: one.ids[0]!, kind: 'unsubscribe' })).toEqual(['applied']);
  expect(await report({ messageId: one.ids[0]!, kind: 'unsubscribe' })).toEqual(['repeated']);
  expect(await countsOf(database, one.jobNumber)).toEqual({ sent: 1 });
  expect(await toldOf(one.ids[0])).toEqual(['message.sent', 'message.unsubscribed']);
  await setClock(database, DAY_ZERO + 1000);
  const later = await insertSending(database, ['h@six.example'], { siteId, listId: 'weekly' });
  await database.client.$executeRawUnsafe(
    `UPDATE work SET state = 'queued', worker = NULL WHERE address ILIKE '%@six.example'`,
  );
  const epoch = await registerWorker(database, 'w', []);
  const keys = [...same.ids, ...other.ids, ...later.ids].map((messageId) => ({ messageId, attempt: 1 }));
  const claimed = await claimWork(database, epoch, keys);
  expect(new Set(claimed.map(({ messageId }) => messageId))).toEqual(
    new Set([same.ids[1], other.ids[0], later.ids[0]]),
  );
  await settleRefusedClaims(database, keys);
  expect(await countsOf(database, same.jobNumber)).toEqual({ pending: 1, ignored: 1 });
  expect((await logOf(same.ids[0])).at(-1)).toMatchObject({ status: 'ignored', failureReason: 'unsubscribed' });
});
