import type { JobContent, JobMode, JobSettings } from '@mxflow/domain';

import type { PackedRecipients } from './chunk-codec.ts';
import type { Database } from './database.ts';

/**
 * A job while it is posted: `receiving ──accept──▶ active`.
 *
 * One process at a time receives it, named by a UUID, and is believed alive until `receiver_until`, which each chunk
 * and each renewal puts off. When that is past, another post with the same idempotency key may take the job over;
 * from then on the first one can neither store a chunk nor accept.
 */
export type ReceivedJob = {
  readonly jobNumber: string;
  readonly publicId: string;
  readonly receiver: string;
  /** How long the receiver is believed without a sign of life. */
  readonly leaseSeconds: number;
};

/** A job as its poster defined it. */
export type JobOrder = {
  readonly tenantId: number;
  readonly publicId: string;
  readonly idempotencyKey?: string;
  readonly definitionSha256: Uint8Array<ArrayBuffer>;
  readonly mode: JobMode;
  /** 0 is the most urgent, 4 the least. */
  readonly urgency: number;
  readonly pool: string;
  readonly notBefore?: Date;
  /** Counts from `notBefore`, or from now where that is later. */
  readonly validForSeconds: number;
  readonly settings: JobSettings;
  readonly content: JobContent;
  readonly traceparent?: string;
};

/**
 * Begins to receive a job. Where its idempotency key is taken nothing is written: see `findPostedJob`.
 */
export async function beginJob(
  database: Database,
  order: JobOrder,
  { receiver, leaseSeconds }: Pick<ReceivedJob, 'receiver' | 'leaseSeconds'>,
): Promise<ReceivedJob | 'key-is-taken'> {
  const rows = await database.client.$queryRawUnsafe<{ jobNumber: string }[]>(
    BEGIN,
    order.publicId,
    order.tenantId,
    order.mode,
    order.urgency,
    order.pool,
    order.notBefore?.toISOString() ?? null,
    order.validForSeconds,
    JSON.stringify(order.settings),
    order.definitionSha256,
    order.idempotencyKey ?? null,
    receiver,
    leaseSeconds,
    order.traceparent ?? null,
    JSON.stringify(order.content),
  );
  const jobNumber = rows[0]?.jobNumber;
  if (jobNumber === undefined) return 'key-is-taken';
  return { jobNumber, publicId: order.publicId, receiver, leaseSeconds };
}

// The content's id is drawn first, so that a job that is not inserted leaves no content behind.
const BEGIN = `
  WITH job AS (
    INSERT INTO jobs (public_id, tenant_id, state, mode, urgency, pool, not_before, valid_until, settings, content_id,
      definition_sha256, idempotency_key, receiver, receiver_until, traceparent)
    VALUES ($1, $2::int, 'receiving', $3::job_mode, $4::smallint, $5, $6::timestamptz,
      greatest(mxflow_now(), $6::timestamptz) + $7::int * interval '1 second', $8::jsonb,
      nextval(pg_get_serial_sequence('contents', 'id')), $9::bytea, $10::text, $11::uuid,
      mxflow_now() + $12::int * interval '1 second', $13::text)
    ON CONFLICT (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING id, content_id
  ), content AS (
    INSERT INTO contents (id, content) OVERRIDING SYSTEM VALUE SELECT content_id, $14::jsonb FROM job
  )
  SELECT id::text AS "jobNumber" FROM job`;

/** A job that was posted under an idempotency key. */
export type PostedJob = {
  readonly jobNumber: string;
  readonly publicId: string;
  readonly definitionSha256: Uint8Array;
  readonly recipients: number;
  readonly rejectedCount: number;
  readonly phase:
    | { readonly kind: 'accepted' }
    /** Somebody posts it now. */
    | { readonly kind: 'being-received'; readonly secondsLeft: number }
    /** Whoever posted it has been silent for longer than its lease. */
    | { readonly kind: 'broken-off' };
};

/** The job that a tenant has posted under a key, if any. */
export async function findPostedJob(
  database: Database,
  tenantId: number,
  idempotencyKey: string,
): Promise<PostedJob | undefined> {
  type Row = Omit<PostedJob, 'phase'> & { isReceiving: boolean; secondsLeft: number };
  const rows = await database.client.$queryRawUnsafe<Row[]>(
    `SELECT id::text AS "jobNumber", public_id AS "publicId", definition_sha256 AS "definitionSha256", recipients,
       rejected_count AS "rejectedCount", state = 'receiving' AS "isReceiving",
       coalesce(extract(epoch FROM receiver_until - mxflow_now()), 0)::float8 AS "secondsLeft"
     FROM jobs WHERE tenant_id = $1::int AND idempotency_key = $2`,
    tenantId,
    idempotencyKey,
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const { isReceiving, secondsLeft, ...job } = row;
  if (!isReceiving) return { ...job, phase: { kind: 'accepted' } };
  return {
    ...job,
    phase: secondsLeft > 0 ? { kind: 'being-received', secondsLeft } : { kind: 'broken-off' },
  };
}

/** Takes over a job whose poster is silent; `undefined` where somebody else was faster, or it came back to life. */
export async function takeJobOver(
  database: Database,
  { jobNumber, publicId }: PostedJob,
  { receiver, leaseSeconds }: Pick<ReceivedJob, 'receiver' | 'leaseSeconds'>,
): Promise<ReceivedJob | undefined> {
  const taken = await database.client.$executeRawUnsafe(
    `UPDATE jobs SET receiver = $2::uuid, receiver_until = mxflow_now() + $3::int * interval '1 second'
     WHERE id = $1::bigint AND state = 'receiving' AND coalesce(receiver_until, '-infinity') <= mxflow_now()`,
    jobNumber,
    receiver,
    leaseSeconds,
  );
  return taken === 1 ? { jobNumber, publicId, receiver, leaseSeconds } : undefined;
}

/** What of a chunk a repeated post is compared with. */
export type ChunkDigest = { readonly recipientCount: number; readonly sha256: Uint8Array };

/** The chunks stored so far, in order: their numbers have no gap. */
export async function listChunkDigests(database: Database, jobNumber: string): Promise<readonly ChunkDigest[]> {
  return await database.client.jobChunk.findMany({
    where: { jobId: BigInt(jobNumber) },
    orderBy: { number: 'asc' },
    select: { recipientCount: true, sha256: true },
  });
}

/** Puts the end of the lease off; false where the job was taken over or is gone. */
export async function renewReceiver(database: Database, job: ReceivedJob): Promise<boolean> {
  const renewed = await database.client.$executeRawUnsafe(
    `UPDATE jobs SET receiver_until = mxflow_now() + $3::int * interval '1 second'
     WHERE id = $1::bigint AND receiver = $2::uuid AND state = 'receiving'`,
    job.jobNumber,
    job.receiver,
    job.leaseSeconds,
  );
  return renewed === 1;
}

/** Stores a chunk and renews the lease; false where the job was taken over or is gone: nothing was stored then. */
export async function storeChunk(
  database: Database,
  job: ReceivedJob,
  chunk: PackedRecipients & { readonly number: number; readonly firstOrdinal: number },
): Promise<boolean> {
  const stored = await database.client.$executeRawUnsafe(
    `WITH held AS (
       UPDATE jobs SET receiver_until = mxflow_now() + $3::int * interval '1 second'
       WHERE id = $1::bigint AND receiver = $2::uuid AND state = 'receiving' RETURNING id
     )
     INSERT INTO job_chunks (job_id, number, first_ordinal, recipient_count, sha256, recipients)
     SELECT id, $4::int, $5::int, $6::int, $7::bytea, $8::bytea FROM held`,
    job.jobNumber,
    job.receiver,
    job.leaseSeconds,
    chunk.number,
    chunk.firstOrdinal,
    chunk.recipientCount,
    chunk.sha256,
    chunk.packed,
  );
  return stored === 1;
}

/** A recipient that was refused, and where it stood in the post (1-based line of a stream, index of a list). */
export type RejectedRecipient = {
  readonly line: number;
  readonly pointer: string;
  readonly expected: string;
  readonly found: string;
};

/** What the whole post came to. */
export type JobTotals = {
  readonly recipients: number;
  readonly chunks: number;
  readonly rejectedCount: number;
  /** The first of them. */
  readonly rejected: readonly RejectedRecipient[];
};

/**
 * Accepts a job that was received to its end, in one transaction: from here on it is delivered.
 * Its chunks count as announced; a sweep announces again those that are not prepared in time.
 *
 * @returns false where the job was taken over or is gone, or its chunks do not add up: nothing has changed then.
 */
export async function acceptJob(database: Database, job: ReceivedJob, totals: JobTotals): Promise<boolean> {
  const rows = await database.client.$queryRawUnsafe<object[]>(
    `WITH accepted AS (
       UPDATE jobs SET state = 'active', accepted_at = mxflow_now(), recipients = $3::int, chunks = $4::int,
         rejected_count = $5::int, rejected = $6::jsonb, receiver = NULL, receiver_until = NULL
       WHERE id = $1::bigint AND receiver = $2::uuid AND state = 'receiving'
         AND ($3::int, $4::int) = (SELECT coalesce(sum(recipient_count), 0)::int, count(*)::int FROM job_chunks
           WHERE job_id = $1::bigint)
       RETURNING id
     ), announced AS (
       UPDATE job_chunks SET announced_at = mxflow_now() FROM accepted WHERE job_id = accepted.id
     )
     INSERT INTO job_counts (job_id, pending) SELECT id, $3::int FROM accepted RETURNING job_id::text`,
    job.jobNumber,
    job.receiver,
    totals.recipients,
    totals.chunks,
    totals.rejectedCount,
    JSON.stringify(totals.rejected),
  );
  return rows.length === 1;
}

/** Ends the lease at once, so that a repeat of the post with its key need not wait for it. */
export async function letJobGo(database: Database, job: ReceivedJob): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE jobs SET receiver_until = mxflow_now() WHERE id = $1::bigint AND receiver = $2::uuid AND state = 'receiving'`,
    job.jobNumber,
    job.receiver,
  );
}

/** Deletes a job that will not be received to its end, with its chunks and its content. */
export async function discardJob(database: Database, job: ReceivedJob): Promise<void> {
  await database.client.$executeRawUnsafe(
    `WITH discarded AS (
       DELETE FROM jobs WHERE id = $1::bigint AND receiver = $2::uuid AND state = 'receiving' RETURNING content_id
     )
     DELETE FROM contents USING discarded WHERE id = discarded.content_id`,
    job.jobNumber,
    job.receiver,
  );
}
