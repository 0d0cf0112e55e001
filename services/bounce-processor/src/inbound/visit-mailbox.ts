import { KEPT_OCTETS, knownMailboxUids, type Database, type InboundMail } from '@mxflow/db';

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
  readonly events: Pick<InboundEvents, 'accepted' | 'mailboxVisited' | 'mailboxFailed' | 'leftInMailbox'>;
};

/** Mails taken in one visit: a mailbox that is full for years is emptied bit by bit. */
const MOST_AT_ONCE = 500;

/**
 * Empties a mailbox: each mail is stored, and only then removed. One that is stored already, since a visit broke off
 * between the two, is only removed.
 */
export async function visitMailbox(mailbox: MailboxAddress, parts: VisitParts, signal: AbortSignal): Promise<void> {
  const { events } = parts;
  try {
    await using session = mailbox.protocol === 'pop3' ? await openPop3(mailbox) : await openImap(mailbox);
    const mails = await empty(session, { mailbox, parts, signal });
    await session.end();
    events.mailboxVisited(mailbox.name, mails);
  } catch (error) {
    events.mailboxFailed(mailbox.name, mailbox.protocol, error);
  }
}

async function empty(
  session: MailboxSession,
  visit: { readonly mailbox: MailboxAddress; readonly parts: VisitParts; readonly signal: AbortSignal },
): Promise<number> {
  const { mailbox, parts, signal } = visit;
  const { name, protocol: cameBy } = mailbox;
  const { database, store, noRoom, sizeOctets, events } = parts;
  const listed = (await session.list()).slice(0, MOST_AT_ONCE);
  const uidOf = (uid: string): string => `${name} ${uid}`;
  const known = await knownMailboxUids(
    database,
    listed.map(({ uid }) => uidOf(uid)),
  );
  let taken = 0;
  for (const { uid, octets } of listed) {
    if (signal.aborted || noRoom() !== undefined) break;
    if (!known.has(uidOf(uid))) {
      if (octets > sizeOctets) {
        events.leftInMailbox(name, uid, octets);
        continue;
      }
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
