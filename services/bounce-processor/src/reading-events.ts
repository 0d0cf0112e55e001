import type { OutcomeTransition, QuarantineEffect, ReportedBounce } from '@mxflow/db';
import { failureMetrics, quarantineMetrics, type Logger, type Meter } from '@mxflow/telemetry';

import type { RuleDeskEvents } from './rule-desk.ts';

/** One function for each event of reading failures and of quarantine. */
export type ReadingEvents = RuleDeskEvents & {
  /** Why attempts failed that made a transition. */
  failuresRecorded(transitions: readonly OutcomeTransition[]): void;
  /** Why messages failed after they were sent. */
  bouncesRecorded(bounces: readonly ReportedBounce[]): void;
  quarantineChanged(effect: QuarantineEffect): void;
};

export function createReadingEvents(meter: Meter, logger: Logger): ReadingEvents {
  const metrics = failureMetrics(meter);
  const quarantine = quarantineMetrics(meter);
  return {
    rulesRead: (version, rules) => {
      metrics.rulesVersion.record(version);
      logger.info({ version, rules }, 'failures are read by these bounce rules now');
    },
    rulesLeftOut: (faults) => {
      metrics.faultyRules.record(faults.length);
      if (faults.length > 0) logger.error({ faults }, 'bounce rules are left out: they cannot be run');
    },
    decided: (hits, unmatched) => {
      for (const [rule, count] of hits) metrics.ruleHits.add(count, { rule });
      metrics.unmatched.add(unmatched);
    },
    readingBacklog: ({ toQualify, neverHit }) => {
      metrics.toQualify.record(toQualify);
      metrics.neverHit.record(neverHit);
    },
    failuresRecorded: (transitions) => {
      for (const { failureReason: reason, failureType: type, messages } of transitions) {
        if (reason !== null && type !== null) metrics.failures.add(messages, { reason, type, from: 'reply' });
      }
    },
    bouncesRecorded: (bounces) => {
      for (const bounce of bounces) {
        if (bounce.kind === 'unsubscribe') continue;
        metrics.failures.add(1, { reason: bounce.failureReason, type: bounce.failureType, from: 'mail' });
      }
    },
    quarantineChanged: ({ barred, held, alarmedSites, alarmedProviders }) => {
      for (const [reason, count] of barred) quarantine.barred.add(count, { reason });
      quarantine.held.add(held);
      const places = [
        ...alarmedSites.map((siteId) => ({ siteId })),
        ...alarmedProviders.map((provider) => ({ provider })),
      ];
      quarantine.alarms.add(places.length);
      for (const place of places) {
        logger.error(place, 'the anomaly guard holds errors back: too many addresses are said to be dead here');
      }
    },
  };
}
