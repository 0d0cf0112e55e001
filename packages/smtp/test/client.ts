import { Buffer } from 'node:buffer';

import {
  connect,
  type ConnectOptions,
  type MessageOrder,
  type Session,
  type SessionEvent,
  type Timeouts,
} from '../src/index.ts';

const PATIENT_MS = 10_000;

/** Longer than any of these tests, but where a test shortens one on purpose. */
export const PATIENT: Timeouts = {
  connectMs: PATIENT_MS,
  greetingMs: PATIENT_MS,
  ehloMs: PATIENT_MS,
  mailMs: PATIENT_MS,
  rcptMs: PATIENT_MS,
  dataMs: PATIENT_MS,
  contentMs: PATIENT_MS,
  finalMs: PATIENT_MS,
  quitMs: PATIENT_MS,
};

export type Diary = { readonly events: SessionEvent[]; readonly closed: Promise<SessionEvent> };

export function optionsFor(port: number, own: Partial<ConnectOptions> = {}): ConnectOptions {
  return {
    host: '127.0.0.1',
    port,
    heloName: 'out.test',
    tls: { policy: 'disabled', servername: 'mx.test', verify: false },
    timeouts: PATIENT,
    ...own,
  };
}

/** A session that must open, and the diary of its events. */
export async function openSession(
  port: number,
  own: Partial<ConnectOptions> = {},
): Promise<{ readonly session: Session; readonly diary: Diary }> {
  const closed = Promise.withResolvers<SessionEvent>();
  const events: SessionEvent[] = [];
  const onEvent = (event: SessionEvent): void => {
    events.push(event);
    if (event.kind === 'closed') closed.resolve(event);
  };
  const result = await connect(optionsFor(port, { onEvent, ...own }));
  if (result.kind === 'failed') throw new Error(`expected a session, found ${result.stage}: ${result.detail}`);
  return { session: result.session, diary: { events, closed: closed.promise } };
}

export function order(own: Partial<MessageOrder> = {}): MessageOrder {
  return {
    reversePath: 's@out.test',
    forwardPath: 'r@mx.test',
    content: Buffer.from('Subject: x\r\n\r\nbody\r\n'),
    smtpUtf8: false,
    ...own,
  };
}
