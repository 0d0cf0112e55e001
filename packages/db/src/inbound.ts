import type { MessageId } from '@mxflow/domain';

import type { Database, Statements } from './database.ts';
import { storable } from './unstorable.ts';

/** A mail to one of the return-path domains, as it came. */
export type InboundMail = {
  readonly cameBy: 'smtp' | 'pop3' | 'imap';
  /** What a mailbox calls it: with one, it is stored once. */
  readonly mailboxUid?: string;
  /** The address of the client that brought it. */
  readonly peer?: string;
  /** The reverse-path; empty for `<>`. */
  readonly mailFrom: string;
  /** Forward-paths as they were given; none of a mail out of a mailbox. */
  readonly rcptTo: readonly string[];
  /** Its beginning, at most {@link KEPT_OCTETS}. */
  readonly raw: Uint8Array;
  /** All of it. */
  readonly octets: number;
};

/** What is kept of a mail. No reader looks further: what follows is content that we sent ourselves. */
export const KEPT_OCTETS = 4 << 20;

/** Stores a mail; once this returns, it survives whatever happens. A mail of a mailbox that is stored already stays one. */
export async function storeInboundMail(database: Database, mail: InboundMail): Promise<void> {
  const { cameBy, mailboxUid, peer, mailFrom, rcptTo, raw, octets } = mail;
  await database.client.$executeRawUnsafe(
    `INSERT INTO inbound_mails (came_by, mailbox_uid, peer, mail_from, rcpt_to, raw, octets)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (mailbox_uid) DO NOTHING`,
    cameBy,
    mailboxUid ?? null,
    peer ?? null,
    storable(mailFrom),
    storable(rcptTo.join('\n')),
    raw.subarray(0, KEPT_OCTETS),
    octets,
  );
}

/** Which of these mails of a mailbox are stored already. */
export async function knownMailboxUids(database: Database, uids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await database.client.inboundMail.findMany({
    where: { mailboxUid: { in: [...uids] } },
    select: { mailboxUid: true },
  });
  return new Set(rows.flatMap(({ mailboxUid }) => mailboxUid ?? []));
}

/** A stored mail that nobody else processes for as long as the lease holds. */
export type LeasedMail = {
  /** Decimal text. */
  readonly id: string;
  readonly cameBy: InboundMail['cameBy'];
  readonly mailFrom: string;
  readonly rcptTo: readonly string[];
  readonly raw: Uint8Array;
  /** How often it was leased, this time included. */
  readonly tries: number;
};

/** Who holds leases: a UUID of the process's own. */
export type MailHolder = { readonly processor: string; readonly leaseSeconds: number };

/**
 * Leases mails that wait, the oldest first.
 *
 * @param limit most mails; `octets`: and no more than these together, though always one.
 */
export async function leaseInboundMails(
  database: Database,
  { processor, leaseSeconds, limit, octets }: MailHolder & { readonly limit: number; readonly octets: number },
): Promise<readonly LeasedMail[]> {
  const rows = await database.client.$queryRawUnsafe<(Omit<LeasedMail, 'rcptTo'> & { rcptTo: string })[]>(
    `WITH waiting AS (
       SELECT id, octet_length(raw) AS octets FROM inbound_mails
       WHERE processed_at IS NULL AND (processor_until IS NULL OR processor_until <= (SELECT mxflow_now()))
       ORDER BY id LIMIT $3::int FOR UPDATE SKIP LOCKED
     ), taken AS (
       SELECT id FROM (SELECT id, octets, sum(octets) OVER (ORDER BY id) AS upto FROM waiting) w
       WHERE upto <= $4::bigint OR upto = octets
     )
     UPDATE inbound_mails m SET processor = $1::uuid, tries = tries + 1,
       processor_until = (SELECT mxflow_now()) + $2::float8 * interval '1 second'
     FROM taken WHERE m.id = taken.id
     RETURNING m.id::text AS id, came_by AS "cameBy", mail_from AS "mailFrom", rcpt_to AS "rcptTo",
       coalesce(raw, '') AS raw, tries`,
    processor,
    leaseSeconds,
    limit,
    octets,
  );
  return rows
    .map((row) => ({ ...row, rcptTo: row.rcptTo === '' ? [] : row.rcptTo.split('\n') }))
    .toSorted((one, other) => Number(BigInt(one.id) - BigInt(other.id)));
}

/** Keeps leases for another while; those that are lost stay lost. */
export async function renewInboundLeases(
  database: Database,
  { processor, leaseSeconds, ids }: MailHolder & { readonly ids: readonly string[] },
): Promise<void> {
  await database.client.$executeRawUnsafe(
    // Those that are being finished at this moment need no longer lease, and would be waited for.
    `UPDATE inbound_mails SET processor_until = mxflow_now() + $2::float8 * interval '1 second'
     WHERE id IN (SELECT id FROM inbound_mails
       WHERE id = ANY ($3::bigint[]) AND processor = $1::uuid AND processed_at IS NULL FOR UPDATE SKIP LOCKED)`,
    processor,
    leaseSeconds,
    ids,
  );
}

/** Gives leases up: others may go on at once. */
export async function releaseInboundMails(
  database: Database,
  processor: string,
  ids: readonly string[],
): Promise<void> {
  await database.client.$executeRawUnsafe(
    `UPDATE inbound_mails SET processor = NULL, processor_until = NULL, tries = greatest(0, tries - 1)
     WHERE id = ANY ($2::bigint[]) AND processor = $1::uuid AND processed_at IS NULL`,
    processor,
    ids,
  );
}

/** What a mail was found to be. */
export type ProcessedMail = {
  readonly id: string;
  readonly outcome: string;
  /** The grounds, for a person. */
  readonly because: string;
  readonly messageId: MessageId | undefined;
};

/** Marks mails as processed, in the caller's transaction; whoever lost a lease meanwhile changes nothing. */
export async function finishInboundMails(
  tx: Statements,
  processor: string,
  mails: readonly ProcessedMail[],
): Promise<void> {
  if (mails.length === 0) return;
  await tx.$executeRawUnsafe(
    `UPDATE inbound_mails m SET processed_at = mxflow_now(), processor = NULL, processor_until = NULL,
       outcome = p.outcome, because = p.because, message_id = p.message_id
     FROM jsonb_to_recordset($2::jsonb) AS p(id bigint, outcome text, because text, message_id bigint)
     WHERE m.id = p.id AND m.processor = $1::uuid AND m.processed_at IS NULL`,
    processor,
    JSON.stringify(
      mails.map(({ id, outcome, because, messageId }) => ({
        id,
        outcome,
        because: storable(because.slice(0, MAX_BECAUSE)),
        message_id: messageId,
      })),
    ),
  );
}

const MAX_BECAUSE = 500;

export type InboundBacklog = { readonly mails: number; readonly oldestSeconds: number };

export async function readInboundBacklog(database: Database): Promise<InboundBacklog> {
  const [row] = await database.client.$queryRawUnsafe<InboundBacklog[]>(
    `SELECT count(*)::int AS mails, coalesce(greatest(0, extract(epoch FROM mxflow_now() - (
       SELECT at FROM inbound_mails WHERE processed_at IS NULL ORDER BY id LIMIT 1))), 0)::float8 AS "oldestSeconds"
     FROM inbound_mails WHERE processed_at IS NULL`,
  );
  return row ?? { mails: 0, oldestSeconds: 0 };
}

/** Octets of the mails that are kept: what the table needs at least. Looks at every row, though not at their octets. */
export async function readInboundOctets(database: Database): Promise<number> {
  const [row] = await database.client.$queryRawUnsafe<{ octets: number }[]>(
    `SELECT coalesce(sum(least(octets, ${KEPT_OCTETS})), 0)::float8 AS octets FROM inbound_mails`,
  );
  return row?.octets ?? 0;
}

/** What is known of a message that a mail seems to be about. */
export type MailedMessage = {
  readonly address: string;
  /** Milliseconds since the epoch of its last outcome; null while it has none. */
  readonly loggedAt: number | null;
};

/** Messages by id; those that nobody knows are absent. */
export async function readMailedMessages(
  database: Database,
  messageIds: readonly MessageId[],
): Promise<ReadonlyMap<string, MailedMessage>> {
  if (messageIds.length === 0) return new Map();
  const rows = await database.client.$queryRawUnsafe<(MailedMessage & { messageId: string })[]>(
    `SELECT m.id::text AS "messageId", coalesce(l.address, w.address) AS address,
       (extract(epoch FROM l.logged_at) * 1000)::float8 AS "loggedAt"
     FROM unnest($1::bigint[]) AS m(id)
     LEFT JOIN work w ON w.message_id = m.id
     LEFT JOIN LATERAL (
       SELECT address, logged_at FROM delivery_log d WHERE d.message_id = m.id ORDER BY d.id DESC LIMIT 1
     ) l ON true
     WHERE w.message_id IS NOT NULL OR l.address IS NOT NULL`,
    messageIds,
  );
  return new Map(rows.map(({ messageId, ...facts }) => [messageId, facts]));
}

/** The time that everything in Postgres goes by, in milliseconds since the epoch. */
export async function readClock(database: Database): Promise<number> {
  const [row] = await database.client.$queryRawUnsafe<{ now: number }[]>(
    `SELECT (extract(epoch FROM mxflow_now()) * 1000)::float8 AS now`,
  );
  if (row === undefined) throw new Error('expected the time, found none');
  return row.now;
}

/** Forgets processed mails that are older than the settings of quarantine say, at most so many; answers how many. */
export async function forgetOldInbound(database: Database, limit: number): Promise<number> {
  return await database.client.$executeRawUnsafe(
    `DELETE FROM inbound_mails WHERE id IN (
       SELECT id FROM inbound_mails WHERE processed_at IS NOT NULL
         AND at < (SELECT mxflow_now() - raw_days * interval '1 day' FROM quarantine_settings)
       ORDER BY at LIMIT $1::int FOR UPDATE SKIP LOCKED)`,
    limit,
  );
}
