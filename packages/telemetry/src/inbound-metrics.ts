import type { Meter } from '@opentelemetry/api';

import { instruments } from './instruments.ts';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] as const;

/** What became of a mail to a return-path domain. */
export const INBOUND_OUTCOMES = [
  'bounce',
  'complaint',
  'unsubscribe',
  'delayed',
  'auto-reply',
  'ordinary',
  'repeated',
  'forged',
  'stale',
  'not-ours',
  'unparsed',
] as const;

/** Why a mail was not taken. All but the first two leave it with its sender, who tries again. */
export const INBOUND_REFUSALS = [
  'relay',
  'too_large',
  'too_many_recipients',
  'too_many_connections',
  'too_fast',
  'no_memory',
  'scattered',
  'backlog',
  'full',
  'database_away',
] as const;

export type InboundMetrics = ReturnType<typeof inboundMetrics>;
export function inboundMetrics(meter: Meter) {
  const make = instruments(meter);
  return {
    accepted: make.counter('mxflow_inbound_accepted_total', 'Mails to return-path domains that were stored', {
      came_by: ['smtp', 'pop3', 'imap'],
    }),
    refused: make.counter('mxflow_inbound_refused_total', 'Mails, recipients and connections not taken, by cause', {
      reason: INBOUND_REFUSALS,
    }),
    processed: make.counter('mxflow_inbound_processed_total', 'Stored mails by what they were found to be', {
      outcome: INBOUND_OUTCOMES,
    }),
    backlog: make.measured('mxflow_inbound_backlog', 'Stored mails that wait to be processed'),
    oldestSeconds: make.measured('mxflow_inbound_oldest_seconds', 'Age of the oldest mail that waits, 0 without one'),
    storedOctets: make.measured('mxflow_inbound_stored_octets', 'Octets of the mails that are kept'),
    connections: make.observed('mxflow_inbound_connections', 'SMTP connections that bring mail to this process'),
    readSeconds: make.plainDistribution('mxflow_inbound_read_seconds', 'Time to read and classify one mail', SECONDS),
    threadsEnded: make.counter('mxflow_inbound_threads_ended_total', 'Reading threads ended by the mail in hand', {
      because: ['too_long', 'broken'],
    }),
    mailboxFailures: make.counter('mxflow_inbound_mailbox_failures_total', 'Visits to a mailbox that broke off', {
      protocol: ['pop3', 'imap'],
    }),
  };
}
