import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { migrate, openDatabase, recordOutcomes, WEBHOOK_EVENTS, type Database, type WebhookEvent } from '@mxflow/db';
import { messageIdOf, type MessageId } from '@mxflow/domain';
import { createWorld } from '@mxflow/infra/testing';
import { connectMessaging, type Messaging } from '@mxflow/messaging';
import { seal } from '@mxflow/process';

export const SECRET = 'the secret of an instance under test';
export const SIGNING_SECRET = 'whsec_of-a-test';

/** A migrated database and a broker of the test's own, and a way to publish to it. */
export type TestWorld = AsyncDisposable & {
  readonly database: Database;
  readonly databaseUrl: string;
  readonly amqpUrl: string;
  readonly messaging: Messaging;
};

export async function openTestWorld(): Promise<TestWorld> {
  await using made = new AsyncDisposableStack();
  const world = made.use(
    await createWorld({ templateKey: 'mxflow', prepare: async (url) => void (await migrate(url)) }),
  );
  const database = made.use(openDatabase(world.databaseUrl));
  const messaging = made.use(await connectMessaging({ url: world.amqpUrl, name: 'test' }));
  const held = made.move();
  const { databaseUrl, amqpUrl } = world;
  return { database, databaseUrl, amqpUrl, messaging, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

export async function insertTenant(database: Database): Promise<number> {
  return (await database.client.tenant.create({ data: { name: randomUUID() } })).id;
}

export type TestJob = { readonly jobNumber: string; readonly publicId: string; readonly ids: readonly MessageId[] };

/** A job all of whose messages are being sent for the first time. */
export async function insertSendingJob(
  database: Database,
  { recipients, tenantId }: { readonly recipients: number; readonly tenantId?: number },
): Promise<TestJob> {
  const job = await database.client.job.create({
    data: {
      publicId: `job-${randomUUID()}`,
      tenant: { connect: { id: tenantId ?? (await insertTenant(database)) } },
      content: { create: { content: { subject: 's', text: 't' } } },
      state: 'active',
      mode: 'live',
      urgency: 2,
      pool: 'default',
      validUntil: new Date(Date.now() + 5 * 86_400_000),
      settings: {
        from: { address: 'a@example.com' },
        retry: { delaysSeconds: [3600], thenEverySeconds: 86_400, greylistSeconds: 300 },
        tracking: { campaign: 'spring' },
      },
      definitionSha256: new Uint8Array(32),
      recipients,
      chunks: 1,
      chunksPrepared: 1,
      counts: { create: { pending: recipients } },
    },
  });
  const jobNumber = job.id.toString();
  await database.client.$executeRawUnsafe(
    `INSERT INTO work (message_id, job_id, state, due_at, lane_id, site_id, urgency, worker, claimed_at, address)
     SELECT ($1::bigint << 27) | n, $1::bigint, 'sending', mxflow_now(), 1, 1, 2, 1, mxflow_now(), 'r' || n || '@example.net'
     FROM generate_series(0, $2::int - 1) n`,
    jobNumber,
    recipients,
  );
  const ids = Array.from({ length: recipients }, (_, ordinal) => messageIdOf(jobNumber, ordinal));
  return { jobNumber, publicId: job.publicId, ids };
}

/** A job all of whose messages were sent at their first attempt. */
export async function insertSentJob(
  database: Database,
  options: { readonly recipients: number; readonly tenantId?: number },
): Promise<TestJob> {
  const job = await insertSendingJob(database, options);
  const facts = { attempt: 1, status: 'sent', inDoubt: false, mxHost: 'mx.example.net', source: 1 } as const;
  for (let from = 0; from < job.ids.length; from += 1000) {
    await recordOutcomes(
      database,
      job.ids.slice(from, from + 1000).map((messageId) => ({ messageId, ...facts })),
    );
  }
  return job;
}

/** Claims the next attempt of messages that wait, as a worker would. */
export async function sendAgain(database: Database, ids: readonly MessageId[]): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE work SET state = 'sending', worker = 1 WHERE message_id = ANY ($1::bigint[])`,
    ids,
  );
}

export async function insertEndpoint(
  database: Database,
  { url, tenantId, events = WEBHOOK_EVENTS }: { url: string; tenantId: number; events?: readonly WebhookEvent[] },
): Promise<number> {
  const secret = seal(SIGNING_SECRET, SECRET, 'webhook-secret');
  const endpoint = await database.client.webhookEndpoint.create({
    data: { tenantId, url, secret, events: [...events] },
  });
  return endpoint.id;
}

/** Puts the clock of every statement so much forward. */
export async function moveClock(database: Database, by: string): Promise<void> {
  await database.client.$executeRawUnsafe(
    `CREATE OR REPLACE FUNCTION mxflow_now() RETURNS timestamptz LANGUAGE sql VOLATILE
     AS 'SELECT clock_timestamp() + interval ''${by}'''`,
  );
}

/** A job's counters that are not zero. */
export async function countsOf(database: Database, jobNumber: string): Promise<Record<string, number>> {
  const counts = await database.client.jobCounts.findUniqueOrThrow({ where: { jobId: BigInt(jobNumber) } });
  const { jobId: _, ...rest } = counts;
  return Object.fromEntries(
    Object.entries(rest)
      .filter(([, count]) => count !== 0n)
      .map(([name, count]) => [name, Number(count)]),
  );
}

export async function until(holds: () => Promise<boolean> | boolean, withinMs = 60_000): Promise<void> {
  const endsAt = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > endsAt) throw new Error(`waited ${withinMs} ms in vain`);
    await pause(25);
  }
}
