import { randomUUID } from 'node:crypto';

import { messageIdOf, type FailureDetail, type FailureReason, type JobMode, type MessageId } from '@mxflow/domain';

import { recordOutcomes, saveDomains, type Database, type RecordedOutcome, type ReportedBounce } from '../src/index.ts';

/** The first day of every test. */
export const DAY_ZERO = Date.UTC(2026, 2, 1, 12);
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Sets the clock of every statement to an instant, where it stands still. */
export async function setClock(database: Database, at: number): Promise<void> {
  await database.client.$executeRawUnsafe(
    `CREATE OR REPLACE FUNCTION mxflow_now() RETURNS timestamptz LANGUAGE sql VOLATILE
     AS 'SELECT timestamptz ''${new Date(at).toISOString()}'''`,
  );
}

/** A site of its own. */
export async function newSite(database: Database): Promise<number> {
  const [siteId] = await newSites(database, 1);
  if (siteId === undefined) throw new Error('expected a site');
  return siteId;
}

/** Sites of their own, of customers of one provider. */
export async function newSites(database: Database, count: number, provider?: string): Promise<readonly number[]> {
  const sites = await saveDomains(
    database,
    Array.from({ length: count }, () => ({
      domain: `${randomUUID()}.example`,
      siteKey: `mx:0 ${randomUUID()}.${provider ?? 'example'}`,
      provider,
      resolution: 'hosts',
      validSeconds: 60,
    })),
  );
  return sites.map(({ siteId }) => siteId);
}

export type SendingJob = { readonly jobNumber: string; readonly ids: readonly MessageId[] };

/** A job all of whose messages are being sent for the first time. */
export async function insertSending(
  database: Database,
  addresses: readonly string[],
  { siteId, mode = 'live', listId }: { siteId: number; mode?: JobMode; listId?: string },
): Promise<SendingJob> {
  const tenant = await database.client.tenant.upsert({ where: { name: 't' }, create: { name: 't' }, update: {} });
  const job = await database.client.job.create({
    data: {
      publicId: randomUUID(),
      tenant: { connect: { id: tenant.id } },
      content: { create: { content: { subject: 's', text: 't' } } },
      state: 'active',
      mode,
      urgency: 2,
      pool: 'default',
      validUntil: new Date(DAY_ZERO + 400 * DAY),
      settings: {
        from: { address: 'News@shop.example' },
        retry: { delaysSeconds: [60], thenEverySeconds: 60, greylistSeconds: 5 },
        ...(listId === undefined ? {} : { listId }),
      },
      definitionSha256: new Uint8Array(32),
      recipients: addresses.length,
      chunks: 1,
      counts: { create: { pending: addresses.length } },
    },
  });
  const jobNumber = job.id.toString();
  await database.client.$executeRawUnsafe(
    `INSERT INTO work (message_id, job_id, state, due_at, lane_id, site_id, urgency, worker, claimed_at, address)
     SELECT ($1::bigint << 27) | (n - 1), $1::bigint, 'sending', mxflow_now(), 1, $3::int, 2, 1, mxflow_now(), a
     FROM unnest($2::text[]) WITH ORDINALITY AS r(a, n)`,
    jobNumber,
    addresses,
    siteId,
  );
  return { jobNumber, ids: addresses.map((_, ordinal) => messageIdOf(jobNumber, ordinal)) };
}

/** Messages to addresses of a domain, spread over sites, all being sent for the first time. */
export async function insertSpread(
  database: Database,
  sites: readonly number[],
  { domain, messages }: { readonly domain: string; readonly messages: number },
): Promise<readonly MessageId[]> {
  const addresses = Array.from({ length: messages }, (_, n) => `r${n}@${domain}`);
  const { jobNumber, ids } = await insertSending(database, addresses, { siteId: 0 });
  await database.client.$executeRawUnsafe(
    `UPDATE work SET site_id = ($2::int[])[1 + message_id % cardinality($2::int[])] WHERE job_id = $1::bigint`,
    jobNumber,
    sites,
  );
  return ids;
}

/** A day of mail to sites at which one address in 200 is unknown. */
export async function insertHistory(database: Database, sites: readonly number[], domain: string): Promise<void> {
  const ids = await insertSpread(database, sites, { domain, messages: 4000 });
  for (let at = 0; at < ids.length; at += 500) {
    await recordOutcomes(
      database,
      ids.slice(at, at + 500).map((id, n) => ((at + n) % 200 === 7 ? failed(id, 'user-unknown') : sent(id))),
    );
  }
}

/** Takes messages that wait into their next attempt. */
export async function sendAgain(database: Database, ids: readonly MessageId[]): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE work SET state = 'sending', worker = 1 WHERE message_id = ANY ($1::bigint[])`,
    ids,
  );
}

export const sent = (messageId: MessageId, attempt = 1): RecordedOutcome => ({
  messageId,
  attempt,
  status: 'sent',
  inDoubt: false,
  replyCode: 250,
  reply: '250 Ok',
});

const REPLIES = {
  'user-unknown': ['hard', 'user-unknown', '550 5.1.1 User unknown', 'Address_unknown'],
  'mailbox-full': ['soft', 'mailbox-full', '552 5.2.2 Quota exceeded', 'Mailbox_full'],
  'inactive-user': ['soft', 'suspended', '550 5.7.1 Inactive mailbox', 'Mailbox_inactive'],
  'invalid-domain': ['soft', 'host-unknown', "DNS query failed for 'gone.example'", 'Dns_failed'],
  refused: ['soft', 'reputation', '550 5.7.1 Blocked', 'Blocked'],
  unreachable: ['soft', 'rate-limited', '421 4.16.55 [TS01] temporarily deferred', 'Yahoo_deferred'],
} as const satisfies Partial<Record<FailureReason, readonly ['hard' | 'soft', FailureDetail, string, string]>>;

export type TestReason = keyof typeof REPLIES;

/** An attempt that failed for a reason; `deferred` ones are to be tried again in an hour. */
export function failed(
  messageId: MessageId,
  reason: TestReason,
  { attempt = 1, dueAt }: { attempt?: number; dueAt?: number } = {},
): RecordedOutcome {
  const [failureType, failureDetail, reply, rule] = REPLIES[reason];
  const facts = { messageId, attempt, inDoubt: false, failureReason: reason, failureType, failureDetail, reply, rule };
  return dueAt === undefined ? { ...facts, status: 'failed' } : { ...facts, status: 'deferred', dueAt };
}

/** The same, told by a mail. */
export function bounced(messageId: MessageId, reason: TestReason): ReportedBounce {
  const [failureType, failureDetail, reply, rule] = REPLIES[reason];
  return { messageId, kind: 'failed', failureReason: reason, failureType, failureDetail, rule, text: reply };
}

/** A complaint, told by a mail of a feedback loop. */
export const complained = (messageId: MessageId): ReportedBounce => ({
  messageId,
  kind: 'complaint',
  failureReason: 'refused',
  failureType: 'soft',
  failureDetail: 'complaint',
  rule: 'Feedback_loop_Hotmail',
  text: 'complaint about message from 192.0.2.1',
});

export type Standing = { readonly status: string; readonly errors: number } & Readonly<Record<string, unknown>>;

/** Everything known of an address, instants as days since the first. */
export async function standingOf(database: Database, address: string): Promise<Standing | undefined> {
  const row = await database.client.quarantineEntry.findUnique({ where: { address } });
  if (row === null) return undefined;
  const days = (at: Date | null): number | null => (at === null ? null : (at.getTime() - DAY_ZERO) / DAY);
  return {
    status: row.status,
    errors: row.errorCount,
    reason: row.reason,
    rule: row.rule,
    text: row.text,
    domain: row.domain,
    siteId: row.siteId,
    countedAt: days(row.countedAt),
    successAt: days(row.successAt),
    quarantinedAt: days(row.quarantinedAt),
    releaseAt: days(row.releaseAt),
  };
}

/** A job's counters that are not zero. */
export async function countsOf(database: Database, jobNumber: string): Promise<Readonly<Record<string, number>>> {
  const { jobId: _, ...counts } = await database.client.jobCounts.findUniqueOrThrow({
    where: { jobId: BigInt(jobNumber) },
  });
  return Object.fromEntries(
    Object.entries(counts)
      .filter(([, count]) => count !== 0n)
      .map(([name, count]) => [name, Number(count)]),
  );
}
