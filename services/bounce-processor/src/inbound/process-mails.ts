import { randomUUID } from 'node:crypto';

import {
  finishInboundMails,
  isUnstorable,
  leaseInboundMails,
  readMailedMessages,
  recordBounces,
  releaseInboundMails,
  renewInboundLeases,
  type BounceResult,
  type Database,
  type LeasedMail,
  type ProcessedMail,
} from '@mxflow/db';
import type { Mac } from '@mxflow/domain';
import type { Periodic, ProcessContext } from '@mxflow/process';

import type { ReadingEvents } from '../reading-events.ts';
import type { RuleDesk } from '../rule-desk.ts';
import { decideMail, type MailDecision } from './decide-mail.ts';
import type { InboundEvents, InboundOutcome } from './events.ts';
import type { MailThreads, ReadOrNot } from './mail-threads.ts';
import { whoseMail, type Seals } from './whose-mail.ts';

export type ProcessingParts = {
  readonly database: Database;
  readonly threads: MailThreads;
  readonly desk: Pick<RuleDesk, 'note'>;
  readonly mac: Mac;
  readonly maxAgeMs: number;
  /** Milliseconds since the epoch, by the database's clock. */
  readonly now: () => Promise<number>;
  readonly events: InboundEvents & Pick<ReadingEvents, 'quarantineChanged' | 'bouncesRecorded'>;
  readonly every: ProcessContext['every'];
};

const LOOK_EVERY_MS = 1000;
const BATCH_MAILS = 200;
const BATCH_OCTETS = 16 << 20;
/** After a crash, so long until others go on with what was in hand. */
const LEASE_SECONDS = 20;
const RENEW_EVERY_MS = 5000;
/** A mail that was in hand in so many crashes is not tried again. */
const MOST_TRIES = 5;

/**
 * Processes stored mails, oldest first, in batches under a lease: read by threads, decided, and recorded in one
 * transaction with the mark that they are done. Whatever breaks off before that is done again, and changes nothing
 * twice. Waking it looks at once.
 */
export function processMails(parts: ProcessingParts): Periodic {
  const processor = randomUUID();
  return parts.every(
    LOOK_EVERY_MS,
    async (signal) => {
      const { database } = parts;
      const mails = await leaseInboundMails(database, {
        processor,
        leaseSeconds: LEASE_SECONDS,
        limit: BATCH_MAILS,
        octets: BATCH_OCTETS,
      });
      if (mails.length === 0) return undefined;
      await underLease(mails, { database, processor }, () => processBatch(mails, { parts, processor, signal }));
      return { nextInMs: 0 };
    },
    { name: 'inbound-mails' },
  );
}

/** Keeps the lease while the work lasts; where it breaks off, gives the mails back. */
async function underLease(
  mails: readonly LeasedMail[],
  { database, processor }: { readonly database: Database; readonly processor: string },
  work: () => Promise<void>,
): Promise<void> {
  const ids = mails.map(({ id }) => id);
  // A renewal that fails costs nothing: what others do besides changes nothing twice.
  const renew = () => renewInboundLeases(database, { processor, leaseSeconds: LEASE_SECONDS, ids }).catch(() => {});
  const timer = setInterval(() => void renew(), RENEW_EVERY_MS);
  try {
    await work();
  } catch (error) {
    // Where Postgres is away, the lease ends by itself.
    await releaseInboundMails(database, processor, ids).catch(() => {});
    throw error;
  } finally {
    clearInterval(timer);
  }
}

type Batch = { readonly parts: ProcessingParts; readonly processor: string; readonly signal: AbortSignal };
type Decided = { readonly mail: LeasedMail; readonly decision: MailDecision };

async function processBatch(mails: readonly LeasedMail[], batch: Batch): Promise<void> {
  await record(await decide(mails, batch), batch);
}

async function decide(mails: readonly LeasedMail[], { parts, signal }: Batch): Promise<readonly Decided[]> {
  const { database, threads, mac, maxAgeMs, now, events } = parts;
  const readings = await Promise.all(
    mails.map(async ({ raw, tries }): Promise<ReadOrNot> => {
      if (tries > MOST_TRIES) return { kind: 'unreadable', because: `in hand in ${MOST_TRIES} crashes` };
      return await threads.read(raw, signal);
    }),
  );
  const seals: Seals = { mac, maxAgeMs, now: Date.now() };
  const logNow = await now();
  const found = mails.map((mail, at) => {
    const reading = readings[at];
    const read = reading?.kind === 'read' ? reading.mail : undefined;
    if (reading?.kind === 'unreadable') events.unreadable(mail.id, reading.because);
    return { mail, read, whose: whoseMail({ rcptTo: mail.rcptTo, mail: read }, seals) };
  });
  const ids = found.flatMap(({ whose }) => (whose.kind === 'ours' ? whose.messageIds : []));
  const messages = await readMailedMessages(database, [...new Set(ids)]);
  return found.map(({ mail, read, whose }) => ({
    mail,
    decision: decideMail({ mailId: mail.id, whose, mail: read, messages, now: logNow, maxAgeMs }),
  }));
}

/** One transaction; a mail whose words cannot be stored is found by halving, and marked alone. */
async function record(decided: readonly Decided[], batch: Batch): Promise<void> {
  const { parts, processor } = batch;
  const { database, events, desk } = parts;
  const told = decided.flatMap(({ decision }) => decision.told);
  try {
    let outcomes: readonly InboundOutcome[] = [];
    const { results, quarantine } = await recordBounces(
      database,
      told.map(({ bounce }) => bounce),
      async (tx, each) => {
        const processed = settle(decided, each);
        outcomes = processed.map(({ outcome }) => outcome);
        await finishInboundMails(tx, processor, processed);
      },
    );
    for (const outcome of outcomes) events.processed(outcome);
    events.quarantineChanged(quarantine);
    const applied = told.filter((_each, at) => results[at] === 'applied');
    events.bouncesRecorded(applied.map(({ bounce }) => bounce));
    for (const { report, text = '' } of applied) {
      if (report === undefined) continue;
      const recipient = report.originalRecipient ?? report.recipient;
      desk.note({ decision: report, text, looksAt: report.looksAt, recipient });
    }
  } catch (error) {
    const [first] = decided;
    if (first === undefined || !isUnstorable(error)) throw error;
    if (decided.length === 1) return await setAside(first, error, batch);
    const middle = decided.length >> 1;
    await record(decided.slice(0, middle), batch);
    await record(decided.slice(middle), batch);
  }
}

async function setAside({ mail }: Decided, error: unknown, { parts, processor }: Batch): Promise<void> {
  parts.events.unstorable(mail.id, error);
  await finishInboundMails(parts.database.client, processor, [
    { id: mail.id, outcome: 'unparsed', because: 'what it tells cannot be stored', messageId: undefined },
  ]);
  parts.events.processed('unparsed');
}

/** What each mail came to, once it is known which of its bounces changed anything. */
function settle(
  decided: readonly Decided[],
  results: readonly BounceResult[],
): readonly (ProcessedMail & { readonly outcome: InboundOutcome })[] {
  let at = 0;
  return decided.map(({ mail: { id }, decision: { outcome, because, messageId, told } }) => {
    const own = results.slice(at, at + told.length);
    at += told.length;
    return { id, messageId, ...standingOf({ outcome, because }, own) };
  });
}

function standingOf(
  decision: { readonly outcome: InboundOutcome; readonly because: string },
  results: readonly BounceResult[],
): { readonly outcome: InboundOutcome; readonly because: string } {
  const first = results.includes('applied') ? 'applied' : (results[0] ?? 'applied');
  switch (first) {
    case 'applied':
      return decision;
    case 'repeated':
      return {
        outcome: 'repeated',
        because: `told before, so nothing is counted again: ${decision.outcome}, ${decision.because}`,
      };
    case 'not-sent':
      return { outcome: 'ordinary', because: 'the message was never sent, or only tried' };
    case 'unknown-message':
      return { outcome: 'not-ours', because: 'the message is not known any more' };
  }
}
