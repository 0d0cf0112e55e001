import { httpMetrics, ingestMetrics, type HttpAnswer, type Logger, type Meter } from '@mxflow/telemetry';

export type RefusalReason = 'invalid' | 'conflict' | 'too_large' | 'overload' | 'broken_off';

/** One function a business event: counter, log line and attributes together. */
export type IngestEvents = ReturnType<typeof createEvents>;

export function createEvents(logger: Logger, meter: Meter) {
  const metrics = ingestMetrics(meter);
  const http = httpMetrics(meter);
  return {
    jobAccepted: (job: { publicId: string; recipients: number; rejectedCount: number; tookMs: number }): void => {
      metrics.jobsAccepted.add(1);
      metrics.recipientsAccepted.add(job.recipients);
      metrics.recipientsRejected.add(job.rejectedCount);
      logger.info({ job }, 'job accepted');
    },
    jobRefused: (reason: RefusalReason, detail: string): void => {
      metrics.jobsRefused.add(1, { reason });
      logger.info({ reason, detail }, 'job refused');
    },
    jobChanged: (job: { publicId: string; state: string }): void => logger.info({ job }, 'job state changed'),
    unsubscribed: (messageId: string): void => {
      metrics.unsubscribed.add(1);
      logger.info({ messageId }, 'unsubscribed by a one-click link');
    },
    announcementFailed: (err: unknown, jobNumber: string): void =>
      logger.warn({ err, jobNumber }, 'not announced: the sweep will'),
    auditFailed: (err: unknown, lost: number): void => logger.error({ err, lost }, 'audit entries not written'),
    requestFailed: (err: unknown, route: string | undefined): void => logger.error({ err, route }, 'request failed'),
    databaseAway: (err: unknown): void => logger.warn({ err }, 'database is away'),
    requestAnswered: (answer: HttpAnswer): void => http.record(answer),
  };
}
