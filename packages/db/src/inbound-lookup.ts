import type { Database } from './database.ts';

/** A stored mail as operators see it, without its octets. */
export type StoredMail = {
  /** Decimal text. */
  readonly id: string;
  readonly at: Date;
  readonly cameBy: string;
  readonly peer: string | null;
  readonly mailFrom: string;
  readonly rcptTo: readonly string[];
  readonly octets: number;
  readonly processedAt: Date | null;
  readonly tries: number;
  readonly outcome: string | null;
  readonly because: string | null;
  /** The message that it is about, as upstream knows it. */
  readonly message: string | null;
};

/** Mails about a message are its tenant's to see; those about none are every operator's. */
const SELECT = `
  SELECT m.id::text AS id, m.at, m.came_by AS "cameBy", m.peer, m.mail_from AS "mailFrom", m.rcpt_to AS "rcptTo", m.octets,
    m.processed_at AS "processedAt", m.tries, m.outcome, m.because,
    j.public_id || '-' || (m.message_id & 134217727) AS message
  FROM inbound_mails m LEFT JOIN jobs j ON j.id = m.message_id >> 27
  WHERE (m.message_id IS NULL OR j.tenant_id = $1::int)`;

type Row = Omit<StoredMail, 'rcptTo'> & { readonly rcptTo: string };

/**
 * A page of stored mails, the newest first.
 *
 * @param outcome only these; `waiting` those that are not processed.
 */
export async function pageInboundMails(
  database: Database,
  {
    tenantId,
    outcome,
    after,
    limit,
  }: {
    readonly tenantId: number;
    readonly outcome: string | undefined;
    readonly after: string | undefined;
    readonly limit: number;
  },
): Promise<readonly StoredMail[]> {
  const rows = await database.client.$queryRawUnsafe<Row[]>(
    `${SELECT} AND ($2::text IS NULL OR ($2 = 'waiting' AND m.processed_at IS NULL) OR m.outcome = $2)
       AND ($3::bigint IS NULL OR m.id < $3::bigint)
     ORDER BY m.id DESC LIMIT $4::int`,
    tenantId,
    outcome ?? null,
    after ?? null,
    limit,
  );
  return rows.map(toMail);
}

export async function findInboundMail(
  database: Database,
  tenantId: number,
  id: string,
): Promise<StoredMail | undefined> {
  const rows = await database.client.$queryRawUnsafe<Row[]>(`${SELECT} AND m.id = $2::bigint`, tenantId, id);
  return rows.map(toMail)[0];
}

/** What was kept of a mail's octets. */
export async function readInboundRaw(database: Database, id: string): Promise<Uint8Array | undefined> {
  const mail = await database.client.inboundMail.findUnique({ where: { id: BigInt(id) }, select: { raw: true } });
  return mail?.raw ?? undefined;
}

/** Which mails are processed once more. */
export type RerunChoice = { readonly id: string } | { readonly outcome: string; readonly limit: number };

/**
 * Has mails processed once more, by the rules of now: those that were understood before change nothing twice. Answers
 * how many.
 */
export async function rerunInboundMails(database: Database, choice: RerunChoice): Promise<number> {
  const [which, values] =
    'id' in choice
      ? ['id = $1::bigint', [choice.id]]
      : ['outcome = $1 ORDER BY id LIMIT $2::int', [choice.outcome, choice.limit]];
  return await database.client.$executeRawUnsafe(
    `UPDATE inbound_mails SET processed_at = NULL, processor = NULL, processor_until = NULL, tries = 0
     WHERE id IN (SELECT id FROM inbound_mails WHERE processed_at IS NOT NULL AND raw IS NOT NULL AND ${which})`,
    ...values,
  );
}

function toMail({ rcptTo, ...mail }: Row): StoredMail {
  return { ...mail, rcptTo: rcptTo === '' ? [] : rcptTo.split('\n') };
}
