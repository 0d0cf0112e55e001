import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';

import { dashboard, figure, graph, perSecond } from './panel.ts';

/** Whether mail flows, and what stands in its way. */
export function overview(): Dashboard {
  const board = dashboard('overview', 'overview');
  for (const panel of [...figures(), ...flow(), ...inside(), ...processes()]) board.withPanel(panel);
  return board.build();
}

function figures() {
  return [
    figure({
      title: 'Work waiting',
      description:
        'Messages of running jobs without a final outcome. Growing for hours: limits, blocks or too few workers.',
      unit: 'short',
      width: 4,
      queries: [{ expr: 'max(mxflow_messages_unfinished)', legend: 'messages' }],
    }),
    figure({
      title: 'Workers alive',
      description: 'As Postgres believes: their epoch is neither stopped nor fenced.',
      unit: 'short',
      width: 4,
      queries: [{ expr: 'max(mxflow_workers_alive)', legend: 'workers' }],
    }),
    figure({
      title: 'Connections open',
      description: 'SMTP connections that a provider may be counting, over all workers.',
      unit: 'short',
      width: 4,
      queries: [{ expr: 'sum(mxflow_smtp_connections_open)', legend: 'connections' }],
    }),
    figure({
      title: 'In doubt, last hour',
      description: 'Cut off between the final dot and its reply, by a broken connection or a lost worker.',
      unit: 'short',
      width: 4,
      queries: [
        {
          expr: 'sum(increase(mxflow_in_doubt_total[1h])) + sum(increase(mxflow_sweep_in_doubt_total[1h]))',
          legend: 'messages',
        },
      ],
    }),
    figure({
      title: 'Outcomes unconfirmed',
      description: 'Of the worker that has most. At 64 it sends nothing until the broker confirms.',
      unit: 'short',
      width: 4,
      queries: [{ expr: 'max(mxflow_outcomes_unconfirmed)', legend: 'outcomes' }],
    }),
    figure({
      title: 'Pools without a source',
      description: 'Their messages wait until a worker that lives has a source of the pool.',
      unit: 'short',
      width: 4,
      queries: [{ expr: 'sum(max by (pool) (mxflow_pool_without_source))', legend: 'pools' }],
    }),
  ];
}

function flow() {
  return [
    graph({
      title: 'Accepted per second',
      description: 'Recipients made durable for a 202, and messages made of them.',
      unit: 'ops',
      width: 12,
      queries: [
        { expr: perSecond('mxflow_recipients_accepted_total'), legend: 'recipients accepted' },
        { expr: perSecond('mxflow_prepared_messages_total', 'by (result) '), legend: 'prepared: {{result}}' },
      ],
    }),
    graph({
      title: 'Attempts per second',
      description: 'By what became of each attempt. A message that is deferred is attempted again.',
      unit: 'ops',
      width: 12,
      stacked: true,
      queries: [{ expr: perSecond('mxflow_messages_total', 'by (outcome) '), legend: '{{outcome}}' }],
    }),
    graph({
      title: 'Outcomes recorded per second',
      description: 'Transitions made in Postgres. Stale ones came twice or too late and changed nothing.',
      unit: 'ops',
      width: 12,
      queries: [
        {
          expr: perSecond('mxflow_outcomes_recorded_total', 'by (outcome, transition) '),
          legend: '{{outcome}} {{transition}}',
        },
      ],
    }),
    graph({
      title: 'Lanes: messages released or being sent',
      description: 'Beside the window that a lane may hold. Empty with work waiting: nothing may be sent there now.',
      unit: 'short',
      width: 12,
      limits: '/window/',
      queries: [
        { expr: 'max by (lane) (mxflow_lane_held)', legend: 'lane {{lane}}' },
        { expr: 'max by (lane) (mxflow_lane_window)', legend: 'lane {{lane}} window' },
      ],
    }),
  ];
}

function inside() {
  return [
    graph({
      title: 'Connection attempts per second',
      description: 'By result. Refusals at the greeting speak of the source, time-outs of the network.',
      unit: 'ops',
      width: 12,
      queries: [{ expr: perSecond('mxflow_smtp_connection_attempts_total', 'by (result) '), legend: '{{result}}' }],
    }),
    graph({
      title: 'Time of a message, from MAIL to its last reply',
      description: 'Median and 95th percentile.',
      unit: 's',
      width: 12,
      queries: [0.5, 0.95].map((quantile) => ({
        expr: `histogram_quantile(${quantile}, sum by (le) (rate(mxflow_smtp_message_seconds_bucket[$__rate_interval])))`,
        legend: `p${quantile * 100}`,
      })),
    }),
    graph({
      title: 'Faults per second',
      description:
        'Periodic tasks that threw; queue copies that came twice, or were lost and released again; messages that no handler could use.',
      unit: 'ops',
      width: 12,
      queries: [
        { expr: perSecond('mxflow_periodic_failures_total', 'by (loop) '), legend: 'task {{loop}}' },
        { expr: perSecond('mxflow_redelivered_total'), legend: 'came twice' },
        { expr: perSecond('mxflow_sweep_released_total'), legend: 'released again' },
        { expr: perSecond('mxflow_parked_messages_total', 'by (queue) '), legend: 'of no use: {{queue}}' },
      ],
    }),
    graph({
      title: 'Webhooks: requests per second',
      description: 'By result, beside the events that wait. One that fails delays only its own endpoint.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: perSecond('mxflow_webhook_deliveries_total', 'by (result) '), legend: '{{result}}' },
        { expr: 'max(mxflow_webhook_backlog)', legend: 'events waiting' },
      ],
    }),
  ];
}

function processes() {
  return [
    graph({
      title: 'Memory by process',
      description: 'Resident.',
      unit: 'bytes',
      width: 12,
      queries: [{ expr: 'mxflow_process_resident_memory_octets', legend: '{{job}} {{instance}}' }],
    }),
    graph({
      title: 'Processors used by process',
      description: 'User and system time; 1 is one core.',
      unit: 'short',
      width: 12,
      queries: [{ expr: 'rate(mxflow_process_cpu_seconds_total[$__rate_interval])', legend: '{{job}} {{instance}}' }],
    }),
    graph({
      title: 'Event-loop delay, 99th percentile',
      description:
        'Above a second a process is overloaded or stalled; a worker near its watchdog is about to be ended.',
      unit: 's',
      width: 12,
      queries: [{ expr: 'mxflow_event_loop_delay_p99_seconds', legend: '{{job}} {{instance}}' }],
    }),
  ];
}
