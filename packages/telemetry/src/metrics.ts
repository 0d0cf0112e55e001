/**
 * Every metric and attribute name, once; those of slots and tokens stand in shaping-metrics.ts. A group is a function of
 * a meter, so that importing has no effect, and attributes have few values: never an id, an address or a domain.
 */
import type { Meter } from '@opentelemetry/api';

import { instruments, type Counted, type Distribution } from './instruments.ts';

/** Upper bounds in seconds, from a loopback reply to the longest data time-out. */
const SMTP_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 240] as const;
const HTTP_SECONDS = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60] as const;
const BATCH_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

const OUTCOMES = ['sent', 'deferred', 'failed', 'expired', 'in_doubt'] as const;

export type IngestMetrics = ReturnType<typeof ingestMetrics>;
export function ingestMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    jobsAccepted: make.plainCounter('mxflow_jobs_accepted_total', 'Send jobs answered 202'),
    jobsRefused: make.counter('mxflow_jobs_refused_total', 'Send jobs not accepted', {
      reason: ['invalid', 'conflict', 'too_large', 'overload', 'broken_off'],
    }),
    recipientsAccepted: make.plainCounter('mxflow_recipients_accepted_total', 'Recipients made durable'),
    recipientsRejected: make.plainCounter(
      'mxflow_recipients_rejected_total',
      'Malformed recipients listed as rejected',
    ),
    unsubscribed: make.plainCounter('mxflow_one_click_unsubscribes_total', 'Messages unsubscribed from by their link'),
  };
}

export type PrepareMetrics = ReturnType<typeof prepareMetrics>;
export function prepareMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    chunks: make.plainCounter('mxflow_prepare_chunks_total', 'Chunks of recipients expanded into messages'),
    messages: make.counter('mxflow_prepared_messages_total', 'Messages made of recipients', {
      result: ['work', 'quarantined', 'duplicate', 'malformed'],
    }),
    chunkSeconds: make.plainDistribution('mxflow_prepare_chunk_seconds', 'Time to expand one chunk', BATCH_SECONDS),
  };
}

export type FeedMetrics = ReturnType<typeof feedMetrics>;
export function feedMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    released: make.openCounter<{ readonly lane: string }>(
      'mxflow_feed_released_total',
      'Messages released into a lane',
    ),
    lanes: make.measured('mxflow_feed_lanes', 'Lanes fed by this process'),
    window: make.openMeasured<{ readonly lane: string }>('mxflow_lane_window', 'Messages that a lane may hold'),
    held: make.openMeasured<{ readonly lane: string }>('mxflow_lane_held', 'Messages of a lane released or being sent'),
    poolWithoutSource: make.openMeasured<{ readonly pool: string }>(
      'mxflow_pool_without_source',
      '1 while no worker that lives has a source of the pool',
    ),
    roundSeconds: make.plainDistribution('mxflow_feed_round_seconds', 'Time of one feeding round', BATCH_SECONDS),
  };
}

export type SweepMetrics = ReturnType<typeof sweepMetrics>;
export function sweepMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    released: make.plainCounter(
      'mxflow_sweep_released_total',
      'Messages released again because their queue copy was gone',
    ),
    inDoubt: make.plainCounter('mxflow_sweep_in_doubt_total', 'Claims of dead workers put in doubt'),
    expired: make.plainCounter('mxflow_sweep_expired_total', 'Messages whose validity ended while they waited'),
  };
}

export type ClaimMetrics = ReturnType<typeof claimMetrics>;
export function claimMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    claimed: make.plainCounter('mxflow_claims_total', 'Messages claimed for an attempt'),
    refused: make.counter('mxflow_claims_refused_total', 'Lane messages that could not be claimed', {
      reason: ['stale', 'paused', 'cancelled', 'quarantined', 'expired'],
    }),
    redelivered: make.plainCounter('mxflow_redelivered_total', 'Lane messages that the broker handed out again'),
  };
}

export type DeliveryMetrics = ReturnType<typeof deliveryMetrics>;
export function deliveryMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    messages: make.counter('mxflow_messages_total', 'Attempts by what became of them', {
      outcome: OUTCOMES,
    }),
    parked: make.openCounter<{ readonly reason: string }>(
      'mxflow_messages_put_back_total',
      'Messages put back into work unsent',
    ),
    inDoubt: make.plainCounter('mxflow_in_doubt_total', 'Messages cut off between the final dot and its reply'),
    unconfirmed: make.observed('mxflow_outcomes_unconfirmed', 'Outcomes published and not yet confirmed by the broker'),
  };
}

export type SmtpMetrics = ReturnType<typeof smtpMetrics>;
export function smtpMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    connectionsOpen: make.observed(
      'mxflow_smtp_connections_open',
      'SMTP connections from before their SYN until the provider has seen their end',
    ),
    connectionAttempts: make.counter('mxflow_smtp_connection_attempts_total', 'SMTP connections tried', {
      result: ['ready', 'refused', 'timed_out', 'unreachable', 'greeted_4yz', 'greeted_5yz', 'tls_failed', 'broken'],
    }),
    messageSeconds: make.distribution<{ readonly outcome: (typeof OUTCOMES)[number] }>(
      'mxflow_smtp_message_seconds',
      'From MAIL to the last reply of a message',
      SMTP_SECONDS,
    ),
  };
}

export type OutcomeMetrics = ReturnType<typeof outcomeMetrics>;
export function outcomeMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    recorded: make.counter('mxflow_outcomes_recorded_total', 'Outcome events by the transition they made', {
      outcome: OUTCOMES,
      transition: ['applied', 'stale'],
    }),
    batchSeconds: make.plainDistribution(
      'mxflow_outcome_batch_seconds',
      'Time of one recording transaction',
      BATCH_SECONDS,
    ),
  };
}

export type FeedbackMetrics = ReturnType<typeof feedbackMetrics>;
export function feedbackMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    hits: make.openCounter<{ readonly rule: string }>(
      'mxflow_feedback_hits_total',
      'Replies that a feedback rule matched',
    ),
    imposed: make.openCounter<{ readonly rule: string }>(
      'mxflow_holds_imposed_total',
      'Holds imposed by feedback rules',
    ),
  };
}

export type RestMetrics = ReturnType<typeof restMetrics>;
export function restMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    holds: make.openMeasured<{ readonly kind: 'suspended' | 'capped' }>(
      'mxflow_holds',
      'Sources held back by feedback',
    ),
    sites: make.openMeasured<{ readonly kind: 'block' | 'back-off' }>('mxflow_sites_resting', 'Sites that rest now'),
    blocked: make.plainCounter('mxflow_site_blocks_total', 'Sites blocked for failing messages'),
  };
}

export type MessagingMetrics = ReturnType<typeof messagingMetrics>;
export function messagingMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    parked: make.openCounter<{ readonly queue: string }>(
      'mxflow_parked_messages_total',
      'Queue messages kept for a person to look at',
    ),
    verdicts: make.openCounter<{ readonly queue: string; readonly verdict: 'done' | 'later' | 'park' }>(
      'mxflow_queue_verdicts_total',
      'Queue messages by what their consumer made of them',
    ),
    reconnects: make.plainCounter(
      'mxflow_broker_reconnects_total',
      'Connections to the broker made again after a loss',
    ),
  };
}

export type WebhookMetrics = ReturnType<typeof webhookMetrics>;
export function webhookMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    deliveries: make.counter('mxflow_webhook_deliveries_total', 'Webhook requests by result', {
      result: ['delivered', 'refused', 'unreachable', 'given_up'],
    }),
    backlog: make.measured('mxflow_webhook_backlog', 'Webhook events waiting in the outbox'),
  };
}

export type HttpAnswer = {
  readonly method: string;
  /** The route's pattern, never the path asked for; `undefined` where no route matched. */
  readonly route: string | undefined;
  readonly statusCode: number;
  readonly durationMs: number;
};

export type HttpMetrics = { readonly record: (answer: HttpAnswer) => void };
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** One record an answered HTTP request, e.g. from fastify's `onResponse` hook. Strangers' methods and paths make no series. */
export function httpMetrics(meter: Meter): HttpMetrics {
  const make = instruments(meter);
  const seconds: Distribution<{
    readonly method: string;
    readonly route: string;
    readonly status_class: string;
  }> = make.distribution('mxflow_http_request_seconds', 'HTTP requests answered', HTTP_SECONDS);
  return {
    record: ({ method, route, statusCode, durationMs }) => {
      seconds.record(durationMs / 1000, {
        method: METHODS.has(method) ? method : 'other',
        route: route ?? 'unmatched',
        status_class: `${Math.floor(statusCode / 100)}xx`,
      });
    },
  };
}

export type ProcessMetrics = ReturnType<typeof processMetrics>;
export function processMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    eventLoopDelayP99: make.observed(
      'mxflow_event_loop_delay_p99_seconds',
      'Event-loop delay since the last collection, 99th percentile',
    ),
    eventLoopDelayMax: make.observed(
      'mxflow_event_loop_delay_max_seconds',
      'Event-loop delay since the last collection, worst',
    ),
    residentOctets: make.observed('mxflow_process_resident_memory_octets', 'Resident memory'),
    heapUsedOctets: make.observed('mxflow_process_heap_used_octets', 'JavaScript heap in use'),
    cpuSeconds: make.observedTotal(
      'mxflow_process_cpu_seconds_total',
      'CPU time used since the start, user and system',
    ),
    startedAt: make.observed('mxflow_process_start_time_seconds', 'Start of the process, seconds since 1970'),
  };
}

export type PeriodicMetrics = { readonly failures: Counted<{ readonly loop: string }> };
export function periodicMetrics(meter: Meter): PeriodicMetrics {
  const make = instruments(meter);
  return {
    failures: make.openCounter('mxflow_periodic_failures_total', 'Runs of a periodic task that threw'),
  };
}
