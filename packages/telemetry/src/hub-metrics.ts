import type { Meter } from '@opentelemetry/api';

import { instruments } from './instruments.ts';

const SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

export type HubMetrics = ReturnType<typeof hubMetrics>;
/** Of the deliverability instance. */
export function hubMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    version: make.measured('mxflow_hub_version', 'Number of the rule set that is served'),
    pulls: make.counter('mxflow_hub_pulls_total', 'Questions of clients for the newest rule set', {
      result: ['sent', 'unchanged'],
    }),
    turnedAway: make.counter('mxflow_hub_turned_away_total', 'Calls without a key that allows them', {
      reason: ['unknown', 'revoked', 'role'],
    }),
    published: make.plainCounter('mxflow_hub_published_total', 'Versions published by this process'),
    checks: make.counter('mxflow_hub_checks_total', 'Drafts held against schema, patterns and examples', {
      result: ['sound', 'faulty', 'given_up'],
    }),
    checkSeconds: make.plainDistribution('mxflow_hub_check_seconds', 'Time to check a draft', SECONDS),
    unmatched: make.counter('mxflow_hub_unmatched_texts_total', 'Texts that clients reported', {
      result: ['taken', 'refused'],
    }),
  };
}
