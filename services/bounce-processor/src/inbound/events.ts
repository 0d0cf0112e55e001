import type { InboundBacklog, InboundMail } from '@mxflow/db';
import {
  inboundMetrics,
  type INBOUND_OUTCOMES,
  type INBOUND_REFUSALS,
  type Logger,
  type Meter,
} from '@mxflow/telemetry';

import type { ListedMail, MailboxAddress } from './mailbox.ts';

export type InboundOutcome = (typeof INBOUND_OUTCOMES)[number];
export type InboundRefusal = (typeof INBOUND_REFUSALS)[number];

/** One function for each event of receiving mail that operators count or read about. */
export type InboundEvents = {
  listening(port: number): void;
  accepted(cameBy: InboundMail['cameBy']): void;
  refused(reason: InboundRefusal, peer: string): void;
  storeFailed(error: unknown): void;
  listenerFailed(error: unknown): void;
  processed(outcome: InboundOutcome): void;
  read(tookMs: number): void;
  /** A mail that no thread could read: it stays stored. */
  unreadable(mailId: string, because: string): void;
  threadEnded(because: 'too_long' | 'broken', error?: unknown): void;
  unstorable(mailId: string, error: unknown): void;
  backlog(backlog: InboundBacklog): void;
  stored(octets: number): void;
  mailboxVisited(mailbox: MailboxAddress, mails: number): void;
  mailboxFailed(mailbox: MailboxAddress, error: unknown, nextInMs: number): void;
  /** Mails too large to be taken out of a mailbox: they stay there. */
  leftInMailbox(mailbox: MailboxAddress, mails: readonly ListedMail[]): void;
  watchConnections(count: () => number): Disposable;
};

export function createInboundEvents(meter: Meter, logger: Logger): InboundEvents {
  const metrics = inboundMetrics(meter);
  return {
    listening: (port) => logger.info({ port }, 'taking bounce mail by SMTP'),
    accepted: (cameBy) => metrics.accepted.add(1, { came_by: cameBy }),
    refused: (reason, peer) => {
      metrics.refused.add(1, { reason });
      logger.debug({ reason, peer }, 'inbound mail refused');
    },
    storeFailed: (err) => logger.error({ err }, 'inbound mail not stored: left with its sender'),
    listenerFailed: (err) => logger.warn({ err }, 'an SMTP connection broke'),
    processed: (outcome) => metrics.processed.add(1, { outcome }),
    read: (tookMs) => metrics.readSeconds.record(tookMs / 1000),
    unreadable: (mailId, because) => logger.warn({ mailId, because }, 'inbound mail not understood, kept'),
    threadEnded: (because, err) => {
      metrics.threadsEnded.add(1, { because });
      if (err !== undefined) logger.warn({ err }, 'a reading thread broke');
    },
    unstorable: (mailId, err) => logger.error({ err, mailId }, 'what an inbound mail tells cannot be stored'),
    backlog: ({ mails, oldestSeconds }) => {
      metrics.backlog.record(mails);
      metrics.oldestSeconds.record(oldestSeconds);
    },
    stored: (octets) => metrics.storedOctets.record(octets),
    mailboxVisited: ({ name, nth }, mails) => {
      if (mails > 0) logger.info({ mailbox: name, nth, mails }, 'mails taken out of a mailbox');
    },
    mailboxFailed: ({ name, nth, protocol }, err, nextInMs) => {
      metrics.mailboxFailures.add(1, { protocol });
      logger.warn({ err, mailbox: name, nth, nextInMs }, 'visit to a mailbox broke off');
    },
    leftInMailbox: ({ name, nth }, mails) => {
      logger.warn(
        { mailbox: name, nth, mails: mails.length, first: mails[0] },
        'mails left in their mailbox: too large',
      );
    },
    watchConnections: (count) => metrics.connections.observe(count),
  };
}
