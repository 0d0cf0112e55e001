import type { JobContent, JobMode, JobSettings } from '@mxflow/domain';
import type { Database } from './database.ts';

/** What a worker needs of a job: everything its messages have in common. */
export type DeliverableJob = {
  readonly jobNumber: string;
  readonly publicId: string;
  readonly mode: JobMode;
  readonly settings: JobSettings;
  readonly content: JobContent;
  /** Milliseconds since the epoch. */
  readonly validUntil: number;
};

/** Reads a job with its content; `undefined` where it is gone. */
export async function readDeliverableJob(database: Database, jobNumber: string): Promise<DeliverableJob | undefined> {
  const job = await database.client.job.findUnique({
    where: { id: BigInt(jobNumber) },
    include: { content: true },
  });
  if (job === null) return undefined;
  return {
    jobNumber,
    publicId: job.publicId,
    mode: job.mode,
    settings: job.settings as unknown as JobSettings,
    content: job.content.content as unknown as JobContent,
    validUntil: job.validUntil.getTime(),
  };
}

/** The names of jobs that callers know, by their numbers; jobs that are gone are absent. */
export async function findPublicJobIds(
  database: Database,
  jobNumbers: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const jobs = await database.client.job.findMany({
    where: { id: { in: jobNumbers.map(BigInt) } },
    select: { id: true, publicId: true },
  });
  return new Map(jobs.map(({ id, publicId }) => [id.toString(), publicId]));
}

/** What deciding a retry needs of a job. */
export type RetryTerms = {
  readonly jobNumber: string;
  readonly retry: JobSettings['retry'];
  /** Milliseconds since the epoch. */
  readonly validUntil: number;
  readonly mode: JobMode;
};

/** The retry terms of the jobs that messages belong to, and the database's clock (ms since the epoch). */
export async function readRetryTerms(
  database: Database,
  jobNumbers: readonly string[],
): Promise<{ readonly now: number; readonly terms: ReadonlyMap<string, RetryTerms> }> {
  const rows = await database.client.$queryRawUnsafe<(RetryTerms & { now: number })[]>(
    `SELECT (extract(epoch FROM clock.now) * 1000)::float8 AS now, j.id::text AS "jobNumber",
       j.settings -> 'retry' AS retry, (extract(epoch FROM j.valid_until) * 1000)::float8 AS "validUntil",
       j.mode::text AS mode
     FROM (SELECT mxflow_now() AS now) clock LEFT JOIN jobs j ON j.id = ANY ($1::bigint[])`,
    jobNumbers,
  );
  const now = rows[0]?.now ?? Date.now();
  return {
    now,
    terms: new Map(rows.filter((row) => row.jobNumber !== null).map((row) => [row.jobNumber, row])),
  };
}
