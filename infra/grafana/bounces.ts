import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import { dashboard, figure, graph, perSecond } from './panel.ts';

/** How failures are read, what they do to addresses, and what mail comes in. */
export function bounces(): Dashboard {
  const board = dashboard('bounces', 'bounces and quarantine');
  for (const panel of [...figures(), ...failures(), ...sites(), ...rules(), ...addresses(), ...inbound()]) {
    board.withPanel(panel);
  }
  return board.build();
}

function figures() {
  return [
    figure({
      title: 'Hard failures, last hour',
      description: 'Of all attempts that ended for good. Above 2 % lists are stale, or a provider answers nonsense.',
      unit: 'percentunit',
      width: 4,
      queries: [
        {
          expr: 'sum(increase(mxflow_failures_total{type="hard"}[1h])) / (sum(increase(mxflow_messages_total[1h])) > 0)',
          legend: 'hard',
        },
      ],
    }),
    figure({
      title: 'Texts to qualify',
      description: 'No rule matched them. See `mxflow unmatched list`; the most frequent come first.',
      unit: 'short',
      width: 4,
      queries: [{ expr: 'max(mxflow_unmatched_to_qualify)', legend: 'texts' }],
    }),
    figure({
      title: 'Rules that never hit',
      description: 'In force, and no failure was ever decided by them. See `mxflow bounce-rules list --never-hit`.',
      unit: 'short',
      width: 4,
      queries: [{ expr: 'max(mxflow_bounce_rules_never_hit)', legend: 'rules' }],
    }),
    figure({
      title: 'Sites and providers under guard',
      description:
        'Where errors are held back because too many addresses are said to be dead. See `mxflow quarantine held list`.',
      unit: 'short',
      width: 4,
      queries: [{ expr: 'max(mxflow_guard_alarmed_sites)', legend: 'sites' }],
    }),
    figure({
      title: 'Errors held back',
      description: 'They wait for a person: `mxflow quarantine held apply` or `drop`.',
      unit: 'short',
      width: 4,
      queries: [{ expr: 'max(mxflow_guard_held)', legend: 'errors' }],
    }),
    figure({
      title: 'Bounce mail waiting',
      description: 'Stored and not yet read. Growing: too few bounce-processors, or Postgres is slow.',
      unit: 'short',
      width: 4,
      queries: [{ expr: 'max(mxflow_inbound_backlog)', legend: 'mails' }],
    }),
  ];
}

function failures() {
  return [
    graph({
      title: 'Failures per second, by reason',
      description: 'Every attempt that failed, retries included, and every bounce that came by mail.',
      unit: 'ops',
      width: 12,
      stacked: true,
      queries: [{ expr: perSecond('mxflow_failures_total', 'by (reason) '), legend: '{{reason}}' }],
    }),
    graph({
      title: 'Failures per second, by type and where they were told',
      description: 'Hard: for good. Soft: may pass. Ignored: no failure of ours. By a reply, or by mail afterwards.',
      unit: 'ops',
      width: 12,
      queries: [{ expr: perSecond('mxflow_failures_total', 'by (type, from) '), legend: '{{type}} by {{from}}' }],
    }),
  ];
}

function sites() {
  return [
    graph({
      title: 'Errors about addresses, by site',
      description:
        'In this hour and the one before, at the sites with most. A jump at one site alone is an outage there.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: 'topk(10, max by (site) (mxflow_site_recent{what="dead-addresses"}) > 0)', legend: '{{site}}' },
      ],
    }),
    graph({
      title: 'Share of messages with such errors, by site',
      description: 'Sites with at least 20 messages.',
      unit: 'percentunit',
      width: 12,
      queries: [
        {
          expr: 'topk(10, max by (site) (mxflow_site_recent{what="dead-addresses"}) / (max by (site) (mxflow_site_recent{what="messages"}) >= 20))',
          legend: '{{site}}',
        },
      ],
    }),
    graph({
      title: 'Failures of the site or source, by site',
      description:
        'Refusals for reputation, rate or content, and broken sessions, over 60 minutes. No address is blamed.',
      unit: 'short',
      width: 24,
      queries: [{ expr: 'topk(10, max by (site) (mxflow_site_recent{what="refusals"}) > 0)', legend: '{{site}}' }],
    }),
  ];
}

function rules() {
  return [
    graph({
      title: 'Failures decided per second, by rule',
      description: 'The ten rules that decide most.',
      unit: 'ops',
      width: 12,
      queries: [{ expr: `topk(10, ${perSecond('mxflow_bounce_rule_hits_total', 'by (rule) ')})`, legend: '{{rule}}' }],
    }),
    graph({
      title: 'Failures that no rule matched, per second',
      description: 'Read by their code, or not at all. A rise: a provider has found new words.',
      unit: 'ops',
      width: 12,
      queries: [{ expr: perSecond('mxflow_unmatched_total'), legend: 'unmatched' }],
    }),
    graph({
      title: 'Rules followed',
      description: 'Versions that the slowest process lags behind, and rules left out because they cannot be run.',
      unit: 'short',
      width: 24,
      queries: [
        { expr: 'max(mxflow_bounce_rules_version) - min(mxflow_bounce_rules_version)', legend: 'versions behind' },
        { expr: 'max(mxflow_bounce_rules_left_out)', legend: 'left out' },
      ],
    }),
  ];
}

function addresses() {
  return [
    graph({
      title: 'Addresses barred per second, by reason',
      description: 'Into quarantine or on the denylist.',
      unit: 'ops',
      width: 12,
      stacked: true,
      queries: [{ expr: perSecond('mxflow_quarantined_total', 'by (reason) '), legend: '{{reason}}' }],
    }),
    graph({
      title: 'Addresses cleared per second',
      description: 'Release: the end of a quarantine. Reset: a counter that has fallen to zero.',
      unit: 'ops',
      width: 12,
      queries: [{ expr: perSecond('mxflow_quarantine_swept_total', 'by (cause) '), legend: '{{cause}}' }],
    }),
    graph({
      title: 'Addresses by status',
      description: 'All that something happened to; counted every few minutes.',
      unit: 'short',
      width: 12,
      queries: [{ expr: 'max by (status) (mxflow_quarantine_addresses)', legend: '{{status}}' }],
    }),
    graph({
      title: 'The guard, per second',
      description: 'Errors that it kept from quarantining, and times that it began to.',
      unit: 'ops',
      width: 12,
      queries: [
        { expr: perSecond('mxflow_guard_held_total'), legend: 'errors held back' },
        { expr: perSecond('mxflow_guard_alarms_total'), legend: 'alarms' },
      ],
    }),
  ];
}

function inbound() {
  return [
    graph({
      title: 'Mails stored per second',
      description: 'By the way that they came.',
      unit: 'ops',
      width: 12,
      queries: [{ expr: perSecond('mxflow_inbound_accepted_total', 'by (came_by) '), legend: '{{came_by}}' }],
    }),
    graph({
      title: 'Refused per second',
      description: 'Mails, recipients and connections not taken. All but relay and too_large come back later.',
      unit: 'ops',
      width: 12,
      queries: [{ expr: perSecond('mxflow_inbound_refused_total', 'by (reason) '), legend: '{{reason}}' }],
    }),
    graph({
      title: 'Mails read per second, by what they are',
      description: 'Forged, stale and repeated ones change nothing; unparsed ones are kept for a person.',
      unit: 'ops',
      width: 12,
      stacked: true,
      queries: [{ expr: perSecond('mxflow_inbound_processed_total', 'by (outcome) '), legend: '{{outcome}}' }],
    }),
    graph({
      title: 'Forged and unparsed, last hour',
      description: 'Many forged: somebody tries to harm addresses. Unparsed: shapes of mail that nobody has met yet.',
      unit: 'short',
      width: 12,
      queries: [
        {
          expr: 'sum by (outcome) (increase(mxflow_inbound_processed_total{outcome=~"forged|stale|unparsed"}[1h]))',
          legend: '{{outcome}}',
        },
      ],
    }),
    graph({
      title: 'Age of the oldest mail that waits',
      description: 'A bounce is read within seconds where all is well.',
      unit: 's',
      width: 12,
      queries: [{ expr: 'max(mxflow_inbound_oldest_seconds)', legend: 'oldest' }],
    }),
    graph({
      title: 'Time to read a mail',
      description:
        'Median and 99th percentile; reading is ended after a second. Threads ended and mailboxes broken off.',
      unit: 's',
      width: 12,
      queries: [
        ...[0.5, 0.99].map((quantile) => ({
          expr: `histogram_quantile(${quantile}, sum by (le) (rate(mxflow_inbound_read_seconds_bucket[$__rate_interval])))`,
          legend: `p${quantile * 100}`,
        })),
        { expr: perSecond('mxflow_inbound_threads_ended_total', 'by (because) '), legend: 'thread {{because}}' },
        { expr: perSecond('mxflow_inbound_mailbox_failures_total', 'by (protocol) '), legend: 'mailbox {{protocol}}' },
      ],
    }),
  ];
}
