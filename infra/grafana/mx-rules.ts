import { QueryVariableBuilder, VariableRefresh, type Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import { dashboard, graph, perSecond, PROMETHEUS } from './panel.ts';

/** Chosen at the head of the dashboard. */
const CHOSEN = '{rule=~"$rule", source=~"$source"}';
/** Every dispatcher tells the same of a scope. */
const scope = (metric: string): string => `max by (rule, source) (${metric}${CHOSEN})`;
const sentPerHour = `3600 * sum by (rule, source) (rate(mxflow_tokens_spent_total${CHOSEN}[$__rate_interval]))`;

/** What the MX rules allow, what is used of it, and what keeps messages from moving. */
export function mxRules(): Dashboard {
  const board = dashboard('mx-rules', 'MX rules')
    .withVariable(choice('rule', 'MX rule'))
    .withVariable(choice('source', 'Source'));
  for (const panel of [...used(), ...shares(), ...denied(), ...held()]) board.withPanel(panel);
  return board.build();
}

function choice(name: string, label: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(PROMETHEUS)
    .query({ query: `label_values(mxflow_scope_connections_allowed, ${name})`, refId: name })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: 'All', value: '$__all' });
}

function used() {
  return [
    graph({
      title: 'Connections, used and allowed',
      description:
        'Over all workers. Where a rule counts each MX IP alone, used and allowed are sums over the MX IPs in use.',
      unit: 'short',
      width: 12,
      limits: '/allowed/',
      queries: [
        { expr: scope('mxflow_scope_connections'), legend: '{{rule}} from {{source}}' },
        { expr: scope('mxflow_scope_connections_allowed'), legend: '{{rule}} from {{source}} allowed' },
      ],
    }),
    graph({
      title: 'Messages an hour, MAIL written and allowed',
      description: 'The rate of this moment, as an hourly figure, beside what an hour may carry.',
      unit: 'short',
      width: 12,
      limits: '/allowed/',
      queries: [
        { expr: sentPerHour, legend: '{{rule}} from {{source}}' },
        { expr: scope('mxflow_scope_messages_per_hour_allowed'), legend: '{{rule}} from {{source}} allowed' },
      ],
    }),
  ];
}

function shares() {
  return [
    graph({
      title: 'Share of connections in use',
      description: 'At 1 the maximum of connections binds.',
      unit: 'percentunit',
      width: 12,
      queries: [
        {
          expr: `${scope('mxflow_scope_connections')} / (${scope('mxflow_scope_connections_allowed')} > 0)`,
          legend: '{{rule}} from {{source}}',
        },
      ],
    }),
    graph({
      title: 'Share of the hourly rate in use',
      description: 'Near 1 the rate binds. Short bursts lie above it; no hour does.',
      unit: 'percentunit',
      width: 12,
      queries: [
        {
          expr: `${sentPerHour} / (${scope('mxflow_scope_messages_per_hour_allowed')} > 0)`,
          legend: '{{rule}} from {{source}}',
        },
      ],
    }),
    graph({
      title: 'Tokens',
      description:
        'Level: may be drawn at once now. Outstanding: drawn, no reply yet. Their sum never passes the burst by refilling.',
      unit: 'short',
      width: 24,
      limits: '/burst/',
      queries: [
        {
          expr: `max by (rule, source, state) (mxflow_scope_tokens${CHOSEN})`,
          legend: '{{rule}} from {{source}} {{state}}',
        },
      ],
    }),
  ];
}

function denied() {
  return [
    graph({
      title: 'Denials per second, by what binds',
      description:
        'Workers ask again when room is announced, so this is how often the limits were felt, not how much waits.',
      unit: 'ops',
      width: 12,
      queries: [
        { expr: perSecond('mxflow_grants_denied_total', 'by (right, binds) '), legend: '{{right}}: {{binds}}' },
      ],
    }),
    graph({
      title: 'Connections granted, tokens given back',
      description: 'Voided tokens ran out in a worker that was cut off; they count as sent.',
      unit: 'ops',
      width: 12,
      queries: [
        { expr: perSecond('mxflow_slots_granted_total'), legend: 'connections granted' },
        { expr: perSecond('mxflow_tokens_unspent_total', 'by (fate) '), legend: 'tokens {{fate}}' },
      ],
    }),
  ];
}

function held() {
  return [
    graph({
      title: 'Sources held back by feedback',
      description: 'Suspended, or with fewer connections or a lower rate. See `mxflow holds list`.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: 'max by (kind) (mxflow_holds)', legend: '{{kind}}' },
        { expr: `${scope('mxflow_scopes_suspended')} > 0`, legend: '{{rule}} from {{source}} suspended' },
      ],
    }),
    graph({
      title: 'Sites and paths at rest',
      description: 'Blocked: nine of ten messages failed. Back-off: could not be reached. See `mxflow sites blocked`.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: 'max by (kind) (mxflow_sites_resting)', legend: 'sites: {{kind}}' },
        { expr: 'max(mxflow_paths_resting)', legend: 'paths: back-off' },
      ],
    }),
    graph({
      title: 'Feedback per second',
      description: 'Replies that a feedback rule matched, and holds imposed by it.',
      unit: 'ops',
      width: 12,
      queries: [
        { expr: perSecond('mxflow_feedback_hits_total', 'by (rule) '), legend: 'replies: {{rule}}' },
        { expr: perSecond('mxflow_holds_imposed_total', 'by (rule) '), legend: 'holds: {{rule}}' },
      ],
    }),
    graph({
      title: 'Rules followed',
      description:
        'How many versions the slowest worker lags behind. Above 0 for longer than 5 s: it is cut off from Postgres.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: 'max(mxflow_rules_version_in_force) - min(mxflow_rules_version)', legend: 'versions behind' },
        { expr: 'sum(increase(mxflow_site_blocks_total[1h]))', legend: 'sites blocked within the hour' },
      ],
    }),
  ];
}
