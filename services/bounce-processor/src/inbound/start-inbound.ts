import { readFileSync } from 'node:fs';

import { openDatabase, readClock, storeInboundMail, type InboundMail } from '@mxflow/db';
import { messageMac, type ProcessContext } from '@mxflow/process';

import type { BounceConfig } from '../config.ts';
import type { ReadingEvents } from '../reading-events.ts';
import type { RuleDesk } from '../rule-desk.ts';
import { createInboundEvents } from './events.ts';
import { parseMailbox } from './mailbox.ts';
import { startMailThreads } from './mail-threads.ts';
import { processMails } from './process-mails.ts';
import { keepRoom, type Room } from './room.ts';
import { startListener, type ListenerOptions } from './smtp-listener.ts';
import { visitsOf } from './visit-mailbox.ts';

export type InboundParts = {
  readonly desk: RuleDesk;
  readonly events: Pick<ReadingEvents, 'quarantineChanged' | 'bouncesRecorded'>;
  readonly context: ProcessContext;
};

/** Mail to the return-path domains: taken by SMTP or out of mailboxes, stored, read in threads, recorded, forgotten in the end. */
export async function startInbound(config: BounceConfig, parts: InboundParts): Promise<AsyncDisposable> {
  await using resources = new AsyncDisposableStack();
  const { desk, context } = parts;
  const { every, logger, meter } = context;
  const events = { ...parts.events, ...createInboundEvents(meter, logger) };
  // Connections of its own: outcomes do not wait for mail.
  const database = resources.use(openDatabase(config.DATABASE_URL, { poolSize: 4, name: 'bounce-processor inbound' }));
  const threads = resources.use(
    startMailThreads({
      threads: config.MXFLOW_BOUNCE_THREADS,
      limitMs: config.MXFLOW_BOUNCE_READ_LIMIT,
      rules: () => desk.rules().rules,
      events,
    }),
  );
  const processing = resources.use(
    processMails({
      database,
      threads,
      desk,
      mac: messageMac(config.MXFLOW_SECRET).mac,
      maxAgeMs: config.MXFLOW_BOUNCE_MAX_AGE,
      now: () => readClock(database),
      events,
      every,
    }),
  );
  const room = resources.use(
    keepRoom({
      database,
      mostWaiting: config.MXFLOW_BOUNCE_BACKLOG,
      mostOctets: config.MXFLOW_BOUNCE_STORED,
      events,
      every,
    }),
  );
  const store = async (mail: InboundMail): Promise<void> => {
    await storeInboundMail(database, mail);
    room.take(mail);
    processing.wake();
  };
  const noRoom = (): ReturnType<Room['lacking']> => room.lacking();
  const everyMs = config.MXFLOW_BOUNCE_MAILBOX_EVERY;
  const visiting = { database, store, noRoom, sizeOctets: config.MXFLOW_BOUNCE_MAX_SIZE, everyMs, events };
  for (const mailbox of config.MXFLOW_BOUNCE_MAILBOXES.map(parseMailbox)) {
    resources.use(every(everyMs, visitsOf(mailbox, visiting), { name: 'mailbox' }));
  }
  const port = config.MXFLOW_BOUNCE_SMTP_PORT;
  if (port !== undefined) {
    resources.use(await startListener({ ...listenerOptions(config), port, store, noRoom, events }));
  }
  return resources.move();
}

function listenerOptions(config: BounceConfig): Pick<ListenerOptions, 'host' | 'domains' | 'limits' | 'tls'> {
  const { MXFLOW_BOUNCE_TLS_CERT: cert, MXFLOW_BOUNCE_TLS_KEY: key } = config;
  return {
    host: config.MXFLOW_BOUNCE_SMTP_HOST,
    domains: config.MXFLOW_RETURN_PATH_DOMAIN,
    limits: {
      connections: config.MXFLOW_BOUNCE_CONNECTIONS,
      connectionsPerPeer: config.MXFLOW_BOUNCE_PEER_CONNECTIONS,
      mailsPerMinute: config.MXFLOW_BOUNCE_PEER_RATE,
      sizeOctets: config.MXFLOW_BOUNCE_MAX_SIZE,
      heldOctets: config.MXFLOW_BOUNCE_HELD,
      recipients: config.MXFLOW_BOUNCE_RECIPIENTS,
      silenceMs: config.MXFLOW_BOUNCE_COMMAND_TIMEOUT,
    },
    ...(cert === undefined || key === undefined ? {} : { tls: { cert: readFileSync(cert), key: readFileSync(key) } }),
  };
}
