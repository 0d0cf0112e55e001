import { KEPT_OCTETS, knownMailboxUids, type Database, type InboundMail } from '@mxflow/db';
import { backoffMs, type PeriodicResult } from '@mxflow/process';

import type { InboundEvents } from './events.ts';
import { openImap } from './imap-session.ts';
import type { MailboxAddress, MailboxSession } from './mailbox.ts';
import { openPop3 } from './pop3-session.ts';

export type VisitParts = {
  readonly database: Database;
  readonly store: (mail: InboundMail) => Promise<void>;
  readonly noRoom: () => string | undefined;
  /** Larger ones are left where they are. */
  readonly sizeOctets: number;
  /** Between visits that succeed. */
  readonly everyMs: number;
  readonly events: Pick<InboundEvents, 'accepted' | 'mailboxVisited' | 'mailboxFailed' | 'leftInMailbox'>;
};

/** Mails taken in one visit: a mailbox that is full for years is emptied bit by bit. */
const MOST_AT_ONCE = 500;
/** Servers lock accounts that come again and again with a wrong password. */
const LONGEST_WAIT_MS = 900_000;

/**
 * Empties a mailbox with every call: each mail is stored, and only then removed. One that is stored already, since a
 * visit broke off between the two, is only removed. After failures in a row the next visit is put off longer and longer.
 */
export function visitsOf(mailbox: MailboxAddress, parts: VisitParts): (signal: AbortSignal) => Promise<PeriodicResult> {
  const { events, everyMs } = parts;
  let failures = 0;
  return async (signal) => {
    try {
      events.mailboxVisited(mailbox, await visit(mailbox, parts, signal));
      failures = 0;
      return undefined;
    } catch (error) {
      failures += 1;
      const maxMs = Math.max(everyMs, LONGEST_WAIT_MS);
      const nextInMs = backoffMs({ failures, firstMs: everyMs, maxMs, jitter: Math.random() });
      events.mailboxFailed(mailbox, error, nextInMs);
      return { nextInMs };
    }
  };
}

async function visit(mailbox: MailboxAddress, parts: VisitParts, signal: AbortSignal): Promise<number> {
  await using session = mailbox.protocol === 'pop3' ? await openPop3(mailbox) : await openImap(mailbox);
  const mails = await empty(session, { mailbox, parts, signal });
  await session.end();
  return mails;
}

async function empty(
  session: MailboxSession,
  visiting: { readonly mailbox: MailboxAddress; readonly parts: VisitParts; readonly signal: AbortSignal },
): Promise<number> {
  const { mailbox, parts, signal } = visiting;
  const { name, protocol: cameBy } = mailbox;
  const { database, store, noRoom, sizeOctets, events } = parts;
  const listed = await session.list();
  const tooLarge = listed.filter(({ octets }) => octets > sizeOctets);
  if (tooLarge.length > 0) events.leftInMailbox(mailbox, tooLarge);
  // Those that stay must not stand in the way of the others.
  const due = listed.filter(({ octets }) => octets <= sizeOctets).slice(0, MOST_AT_ONCE);
  const uidOf = (uid: string): string => `${name} ${uid}`;
  const known = await knownMailboxUids(
    database,
    due.map(({ uid }) => uidOf(uid)),
  );
  let taken = 0;
  for (const { uid } of due) {
    if (signal.aborted || noRoom() !== undefined) break;
    if (!known.has(uidOf(uid))) {
      const raw = await session.fetch(uid);
      await store({
        cameBy,
        mailboxUid: uidOf(uid),
        peer: mailbox.host,
        mailFrom: '',
        rcptTo: [],
        raw: raw.subarray(0, KEPT_OCTETS),
        octets: raw.length,
      });
      events.accepted(cameBy);
      taken += 1;
    }
    await session.remove(uid);
  }
  return taken;
}
