import type { Meter } from '@opentelemetry/api';

import { instruments } from './instruments.ts';

const SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120] as const;

export type SyncMetrics = ReturnType<typeof syncMetrics>;
/** Of pulling rule sets. */
export function syncMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    versionInForce: make.measured(
      'mxflow_sync_version_in_force',
      'Rule set that the MX rules in force are of; 0: bundled',
    ),
    newestVersion: make.measured('mxflow_sync_newest_version', 'Highest rule set that was ever pulled; 0: none'),
    age: make.measured(
      'mxflow_sync_age_seconds',
      'Time since the last sync that succeeded; 0 where nothing is to be pulled',
    ),
    isFollowing: make.measured('mxflow_sync_following', '1 where rule sets are pulled; 0 at Custom, or switched off'),
    isPinned: make.measured('mxflow_sync_pinned', '1 where an operator keeps to a rule set'),
    failuresInARow: make.measured(
      'mxflow_sync_failures_in_a_row',
      'Syncs that brought nothing since the last that did',
    ),
    runs: make.counter('mxflow_sync_runs_total', 'Syncs by what they came to', {
      outcome: ['applied', 'unchanged', 'kept-back', 'refused', 'failed'],
    }),
    failures: make.openCounter<{ readonly because: string }>(
      'mxflow_sync_failures_total',
      'Syncs that brought nothing, by why',
    ),
    runSeconds: make.plainDistribution(
      'mxflow_sync_run_seconds',
      'Time from the question to the rules in force',
      SECONDS,
    ),
    reported: make.plainCounter('mxflow_sync_reported_texts_total', 'Texts without a rule told to the hub'),
  };
}
