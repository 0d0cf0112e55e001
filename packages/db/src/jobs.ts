import type { JobMode, JobSettings } from '@mxflow/domain';

import type { Database } from './database.ts';
import type { Job, JobCounts } from './generated/client.ts';
import type { RejectedRecipient } from './job-receiving.ts';

export type JobState = Job['state'];

/** A job as its owner sees it. */
export type JobOverview = {
  readonly jobNumber: string;
  readonly publicId: string;
  readonly state: JobState;
  readonly mode: JobMode;
  /** 0 is the most urgent, 4 the least. */
  readonly urgency: number;
  readonly pool: string;
  readonly settings: JobSettings;
  readonly recipients: number;
  readonly rejectedCount: number;
  readonly rejected: readonly RejectedRecipient[];
  readonly chunks: number;
  readonly chunksPrepared: number;
  readonly counts: Readonly<Record<keyof Omit<JobCounts, 'jobId'>, number>>;
  readonly createdAt: Date;
  readonly notBefore: Date | null;
  readonly validUntil: Date;
  readonly acceptedAt: Date | null;
  readonly finishedAt: Date | null;
};

/** The tenant's job with this public id, and the database's clock; another tenant's job is as unknown as any. */
export async function findJob(
  database: Database,
  tenantId: number,
  publicId: string,
): Promise<{ readonly job: JobOverview; readonly now: Date } | undefined> {
  const [row, clock] = await Promise.all([
    database.client.job.findFirst({ where: { tenantId, publicId }, include: { counts: true } }),
    database.client.$queryRawUnsafe<{ now: Date }[]>('SELECT mxflow_now() AS now'),
  ]);
  const now = clock[0]?.now;
  return row === null || now === undefined ? undefined : { job: toOverview(row), now };
}

/** The number of the tenant's job with this public id. */
export async function findJobNumber(
  database: Database,
  tenantId: number,
  publicId: string,
): Promise<string | undefined> {
  const row = await database.client.job.findFirst({ where: { tenantId, publicId }, select: { id: true } });
  return row?.id.toString();
}

/** The tenant's jobs, newest first, those with a number below `before`. */
export async function listJobs(
  database: Database,
  { tenantId, before, limit }: { tenantId: number; before: string | undefined; limit: number },
): Promise<readonly JobOverview[]> {
  const rows = await database.client.job.findMany({
    where: { tenantId, ...(before === undefined ? {} : { id: { lt: BigInt(before) } }) },
    // Up to a thousand entries a job: shown with the job alone.
    omit: { rejected: true },
    include: { counts: true },
    orderBy: { id: 'desc' },
    take: limit,
  });
  return rows.map((row) => toOverview({ ...row, rejected: [] }));
}

/** What an owner can do to a job, and the states from which it can be done. */
const CHANGES = {
  pause: { to: 'paused', from: ['active'] },
  resume: { to: 'active', from: ['paused'] },
  cancel: { to: 'cancelled', from: ['active', 'paused'] },
} as const;

export type JobChange = keyof typeof CHANGES;

export type JobChangeResult =
  | { readonly kind: 'changed'; readonly jobNumber: string; readonly state: 'active' | 'paused' | 'cancelled' }
  /** It was in that state already. */
  | { readonly kind: 'unchanged'; readonly jobNumber: string; readonly state: 'active' | 'paused' | 'cancelled' }
  /** The change cannot be made from where the job stands. */
  | { readonly kind: 'refused'; readonly state: JobState }
  | { readonly kind: 'unknown' };

/** Changes a job's state by one guarded update. From its commit on nothing more of a job that does not run is claimed. */
export async function changeJobState(
  database: Database,
  { tenantId, publicId, change }: { tenantId: number; publicId: string; change: JobChange },
): Promise<JobChangeResult> {
  const { to, from } = CHANGES[change];
  const [changed] = await database.client.job.updateManyAndReturn({
    where: { tenantId, publicId, state: { in: [...from] } },
    data: { state: to },
    select: { id: true },
  });
  if (changed !== undefined) return { kind: 'changed', jobNumber: changed.id.toString(), state: to };
  const found = await database.client.job.findFirst({
    where: { tenantId, publicId },
    select: { id: true, state: true },
  });
  if (found === null) return { kind: 'unknown' };
  if (found.state !== to) return { kind: 'refused', state: found.state };
  return { kind: 'unchanged', jobNumber: found.id.toString(), state: to };
}

function toOverview(row: Job & { readonly counts: JobCounts | null }): JobOverview {
  const { id, tenantId: _tenantId, counts, ...rest } = row;
  return {
    ...rest,
    jobNumber: id.toString(),
    settings: row.settings as unknown as JobSettings,
    rejected: row.rejected as unknown as readonly RejectedRecipient[],
    counts: {
      pending: Number(counts?.pending ?? 0),
      sent: Number(counts?.sent ?? 0),
      deferred: Number(counts?.deferred ?? 0),
      failed: Number(counts?.failed ?? 0),
      ignored: Number(counts?.ignored ?? 0),
      expired: Number(counts?.expired ?? 0),
      cancelled: Number(counts?.cancelled ?? 0),
      inDoubt: Number(counts?.inDoubt ?? 0),
    },
  };
}
