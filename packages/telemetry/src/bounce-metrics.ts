/** Metrics of failures and quarantine. The sentence at the head of metrics.ts holds here too. */
import type { Meter } from '@opentelemetry/api';

import { instruments } from './instruments.ts';

export type FailureMetrics = ReturnType<typeof failureMetrics>;
export function failureMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    failures: make.openCounter<{ readonly reason: string; readonly type: string; readonly from: 'reply' | 'mail' }>(
      'mxflow_failures_total',
      'Failures recorded, by reason and type, as a reply or as a mail told of them',
    ),
    ruleHits: make.openCounter<{ readonly rule: string }>(
      'mxflow_bounce_rule_hits_total',
      'Failures that a bounce rule decided',
    ),
    unmatched: make.plainCounter('mxflow_unmatched_total', 'Failures whose text no bounce rule matched'),
    toQualify: make.measured('mxflow_unmatched_to_qualify', 'Texts without a rule that wait to be qualified'),
    neverHit: make.measured('mxflow_bounce_rules_never_hit', 'Bounce rules in force that never matched'),
    rulesVersion: make.measured('mxflow_bounce_rules_version', 'Version of the bounce rules that this process goes by'),
    faultyRules: make.measured('mxflow_bounce_rules_left_out', 'Bounce rules left out because they cannot be run'),
  };
}

export type QuarantineMetrics = ReturnType<typeof quarantineMetrics>;
export function quarantineMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    barred: make.openCounter<{ readonly reason: string }>(
      'mxflow_quarantined_total',
      'Addresses that went to quarantine or on the denylist, by reason',
    ),
    held: make.plainCounter('mxflow_guard_held_total', 'Errors that the anomaly guard kept from quarantining'),
    alarms: make.plainCounter('mxflow_guard_alarms_total', 'Times that the anomaly guard began to hold errors back'),
  };
}

export type QuarantineStandingMetrics = ReturnType<typeof quarantineStandingMetrics>;
export function quarantineStandingMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    alarmedSites: make.measured(
      'mxflow_guard_alarmed_sites',
      'Sites and providers at which the anomaly guard holds errors back',
    ),
    heldWaiting: make.measured('mxflow_guard_held', 'Errors held back that wait for a person'),
    addresses: make.openMeasured<{ readonly status: string }>(
      'mxflow_quarantine_addresses',
      'Addresses that something happened to, by status',
    ),
    released: make.counter('mxflow_quarantine_swept_total', 'Addresses that time has cleared', {
      cause: ['release', 'reset'],
    }),
  };
}
