import type { JobSummary, JobView } from '@mxflow/contracts';
import type { JobOverview } from '@mxflow/db';
import { PRIORITIES } from '@mxflow/domain';

/** A job as lists show it. */
export function summarizeJob(job: JobOverview): JobSummary {
  const { publicId: id, state, mode, pool, recipients, counts } = job;
  return {
    id,
    state,
    mode,
    pool,
    priority: PRIORITIES[PRIORITIES.length - 1 - job.urgency] ?? 'normal',
    recipients,
    counts,
    prepared: job.chunks === 0 ? 0 : round(job.chunksPrepared / job.chunks),
    createdAt: job.createdAt.toISOString(),
    ...instant('acceptedAt', job.acceptedAt),
    ...instant('notBefore', job.notBefore),
    validUntil: job.validUntil.toISOString(),
    ...instant('finishedAt', job.finishedAt),
  };
}

/** A job with what is known about it as a whole at the instant `now` of the database's clock. */
export function viewJob(job: JobOverview, now: Date): JobView {
  const { counts, settings } = job;
  const ended = counts.sent + counts.failed + counts.ignored + counts.expired + counts.cancelled;
  const perSecond = endedPerSecond(job, ended, now);
  return {
    ...summarizeJob(job),
    rejected: { count: job.rejectedCount, first: [...job.rejected] },
    rates: {
      perSecond: round(perSecond),
      sent: ended === 0 ? 0 : round(counts.sent / ended),
      failed: ended === 0 ? 0 : round(counts.failed / ended),
    },
    ...instant('estimatedEndAt', estimateEnd(job, perSecond, now)),
    ...(settings.tracking === undefined ? {} : { tracking: settings.tracking }),
  };
}

/** Over the time since the job could start: rates of a moment say little about jobs that wait for retries. */
function endedPerSecond({ acceptedAt, notBefore, finishedAt }: JobOverview, ended: number, now: Date): number {
  if (acceptedAt === null) return 0;
  const startedAt = Math.max(acceptedAt.getTime(), notBefore?.getTime() ?? 0);
  const seconds = ((finishedAt ?? now).getTime() - startedAt) / 1000;
  return seconds <= 0 ? 0 : ended / seconds;
}

/** At the rate so far, and never after the validity ends; `null` where nothing is known or nothing is left. */
function estimateEnd(job: JobOverview, perSecond: number, now: Date): Date | null {
  const left = job.counts.pending + job.counts.deferred;
  if (job.state !== 'active' || left === 0 || perSecond === 0) return null;
  return new Date(Math.min(now.getTime() + (left / perSecond) * 1000, job.validUntil.getTime()));
}

function instant<Name extends string>(name: Name, at: Date | null): { readonly [Key in Name]?: string } {
  return at === null ? {} : ({ [name]: at.toISOString() } as { readonly [Key in Name]: string });
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
