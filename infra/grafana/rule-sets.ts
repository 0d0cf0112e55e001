import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import { dashboard, figure, graph, perSecond } from './panel.ts';

/** Where rule sets come from, and which one holds. */
export function ruleSets(): Dashboard {
  const board = dashboard('rule-sets', 'rule sets');
  for (const panel of [...figures(), ...pulling(), ...serving()]) board.withPanel(panel);
  return board.build();
}

function figures() {
  return [
    figure({
      title: 'Since the last sync',
      description:
        'Above 36 hours rules grow stale: `mxflow sync status` says why. 0 where nothing is pulled: at Custom, or switched off.',
      unit: 's',
      width: 6,
      queries: [{ expr: 'max(mxflow_sync_age_seconds)', legend: 'age' }],
    }),
    figure({
      title: 'Version in force',
      description: 'Of the MX rules. 0: the rules that came with mxflow.',
      unit: 'short',
      width: 6,
      queries: [{ expr: 'max(mxflow_sync_version_in_force)', legend: 'in force' }],
    }),
    figure({
      title: 'Versions held back',
      description: 'Pulled and newer than what is in force: pinned, or at Custom.',
      unit: 'short',
      width: 6,
      queries: [{ expr: 'max(mxflow_sync_newest_version) - max(mxflow_sync_version_in_force)', legend: 'versions' }],
    }),
    figure({
      title: 'Failures in a row',
      description: 'What was in force stays in force; it is tried again after ever longer waits, up to some hours.',
      unit: 'short',
      width: 6,
      queries: [{ expr: 'max(mxflow_sync_failures_in_a_row)', legend: 'failures' }],
    }),
  ];
}

function pulling() {
  return [
    graph({
      title: 'Syncs in six hours, by what they came to',
      description: 'One a day, and those that somebody asked for.',
      unit: 'short',
      width: 12,
      stacked: true,
      queries: [{ expr: 'sum by (outcome) (increase(mxflow_sync_runs_total[6h]))', legend: '{{outcome}}' }],
    }),
    graph({
      title: 'Syncs in six hours that brought nothing, by why',
      description:
        'unknown-key, wrong-signature: not our hub, or its keys were changed without ours. invalid: the hub should never have published it.',
      unit: 'short',
      width: 12,
      stacked: true,
      queries: [{ expr: 'sum by (because) (increase(mxflow_sync_failures_total[6h]))', legend: '{{because}}' }],
    }),
    graph({
      title: 'Whether rule sets are followed',
      description: '1 where they are pulled, and where one is pinned.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: 'max(mxflow_sync_following)', legend: 'followed' },
        { expr: 'max(mxflow_sync_pinned)', legend: 'pinned' },
      ],
    }),
    graph({
      title: 'Time of a sync, 95th percentile',
      description: 'From the question to the rules in force: most of it is the check of patterns and examples.',
      unit: 's',
      width: 12,
      queries: [
        {
          expr: 'histogram_quantile(0.95, sum by (le) (increase(mxflow_sync_run_seconds_bucket[1d])))',
          legend: 'a sync',
        },
      ],
    }),
  ];
}

function serving() {
  return [
    graph({
      title: 'The hub: clients that asked, per second',
      description: 'Most have the newest version already.',
      unit: 'ops',
      width: 12,
      stacked: true,
      queries: [{ expr: perSecond('mxflow_hub_pulls_total', 'by (result) '), legend: '{{result}}' }],
    }),
    graph({
      title: 'The hub: calls turned away, per second',
      description: 'revoked: a client whose key was taken away still comes. unknown: somebody tries.',
      unit: 'ops',
      width: 12,
      stacked: true,
      queries: [{ expr: perSecond('mxflow_hub_turned_away_total', 'by (reason) '), legend: '{{reason}}' }],
    }),
    graph({
      title: 'The hub: version served',
      description: 'Over replicas, which differ for seconds after a publication.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: 'max(mxflow_hub_version)', legend: 'newest' },
        { expr: 'min(mxflow_hub_version)', legend: 'oldest' },
      ],
    }),
    graph({
      title: 'Texts without a rule, per second',
      description: 'Told by clients that agree, and taken by the hub.',
      unit: 'ops',
      width: 12,
      queries: [
        { expr: perSecond('mxflow_sync_reported_texts_total'), legend: 'told' },
        { expr: perSecond('mxflow_hub_unmatched_texts_total', 'by (result) '), legend: '{{result}}' },
      ],
    }),
  ];
}
