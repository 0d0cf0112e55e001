import { httpMetrics, hubMetrics, type HttpAnswer, type Logger, type Meter } from '@mxflow/telemetry';

/** One function a business event: counter, log line and attributes together. */
export type HubEvents = ReturnType<typeof createEvents>;

export function createEvents(logger: Logger, meter: Meter) {
  const metrics = hubMetrics(meter);
  const http = httpMetrics(meter);
  return {
    founded: (): void => logger.info('version 1 published: the rules that come with mxflow'),
    serving: (ruleSet: { version: number; etag: string; signed: Buffer; gzipped: Buffer }): void => {
      metrics.version.record(ruleSet.version);
      const { version, etag, signed, gzipped } = ruleSet;
      logger.info({ version, etag, octets: signed.length, gzippedOctets: gzipped.length }, 'serving a rule set');
    },
    pulled: (result: 'sent' | 'unchanged'): void => metrics.pulls.add(1, { result }),
    turnedAway: (reason: 'unknown' | 'revoked' | 'role', keyName?: string): void => {
      metrics.turnedAway.add(1, { reason });
      logger.info({ reason, keyName }, 'turned away');
    },
    checked: (faults: number, tookMs: number): void => {
      metrics.checks.add(1, { result: faults === 0 ? 'sound' : 'faulty' });
      metrics.checkSeconds.record(tookMs / 1000);
      logger.info({ faults, tookMs: Math.round(tookMs) }, 'draft checked');
    },
    checkGivenUp: (found: string): void => {
      metrics.checks.add(1, { result: 'given_up' });
      logger.warn({ found }, 'draft not checked: it takes more than it may');
    },
    published: (version: { version: number; by: string; note: string }): void => {
      metrics.published.add(1);
      logger.info(version, 'version published');
    },
    keyIssued: (key: { id: number; name: string; role: string }): void => logger.info({ key }, 'key issued'),
    keyRevoked: (id: number): void => logger.info({ id }, 'key revoked'),
    unmatchedReported: (report: { client: string; taken: number; refused: number }): void => {
      metrics.unmatched.add(report.taken, { result: 'taken' });
      metrics.unmatched.add(report.refused, { result: 'refused' });
      logger.info(report, 'unmatched texts reported');
    },
    qualified: (rule: { id: string; texts: number }): void => logger.info(rule, 'unmatched texts became a rule'),
    pullsNotRecorded: (err: unknown, lost: number): void => logger.warn({ err, lost }, 'pulls not recorded'),
    auditFailed: (err: unknown, lost: number): void => logger.error({ err, lost }, 'audit entries not written'),
    requestFailed: (err: unknown, route: string | undefined): void => logger.error({ err, route }, 'request failed'),
    databaseAway: (err: unknown): void => logger.warn({ err }, 'database is away'),
    requestAnswered: (answer: HttpAnswer): void => http.record(answer),
  };
}
