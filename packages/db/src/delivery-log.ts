import { jobNumberOf, messageIdRange, ordinalOf, type MessageId, type MessageStatus } from '@mxflow/domain';

import { unpackRecipients } from './chunk-codec.ts';
import type { Database } from './database.ts';

/** Where a message stands, with what the latest attempt told. */
export type MessageStanding = {
  readonly messageId: MessageId;
  readonly address: string;
  readonly status: MessageStatus;
  /** Attempts that have an outcome. */
  readonly attempts: number;
  readonly failureType: string | null;
  readonly failureReason: string | null;
  readonly failureDetail: string | null;
  /** The bounce rule that decided. */
  readonly rule: string | null;
  readonly replyCode: number | null;
  readonly enhancedStatus: string | null;
  readonly reply: string | null;
  readonly mxHost: string | null;
  readonly source: number | null;
  readonly inDoubt: boolean;
  readonly loggedAt: Date | null;
  /** The next attempt, and why it was put off: only of unfinished messages. */
  readonly dueAt: Date | null;
  readonly waitReason: string | null;
};

export type MessageQuery = {
  readonly jobNumber: string;
  readonly status: MessageStatus | undefined;
  /** Only messages behind this one. */
  readonly after: MessageId | undefined;
  readonly limit: number;
};

/**
 * A page of a job's messages, by id. Unfinished ones stand in `work` (pending until their first attempt has failed,
 * deferred from then on), finished ones in the log, whose latest row counts. Recipients not yet prepared are in neither.
 */
export async function listMessages(database: Database, query: MessageQuery): Promise<readonly MessageStanding[]> {
  const { first, last } = messageIdRange(query.jobNumber);
  return await database.client.$queryRawUnsafe<MessageStanding[]>(
    LIST_MESSAGES,
    query.after ?? (BigInt(first) - 1n).toString(),
    last,
    query.status ?? null,
    query.limit,
  );
}

const LOG_COLUMNS = `l.failure_type AS "failureType", l.failure_reason AS "failureReason",
  l.failure_detail AS "failureDetail", l.rule, l.reply_code AS "replyCode",
  l.enhanced_status AS "enhancedStatus", l.reply, l.mx_host AS "mxHost", l.source, l.in_doubt AS "inDoubt",
  l.logged_at AS "loggedAt"`;

const LIST_MESSAGES = `
  WITH open AS (
    SELECT w.message_id, w.address, CASE WHEN w.attempt = 1 THEN 'pending' ELSE 'deferred' END AS status,
      w.attempt - 1 AS attempts, w.due_at, w.wait_reason
    FROM work w WHERE w.message_id > $1::bigint AND w.message_id <= $2::bigint
      AND ($3::text IS NULL OR ($3 = 'pending' AND w.attempt = 1) OR ($3 = 'deferred' AND w.attempt > 1))
    ORDER BY w.message_id LIMIT $4::int
  ), closed AS (
    SELECT l.message_id, l.address, l.status::text AS status, l.attempt AS attempts, NULL::timestamptz AS due_at,
      NULL::text AS wait_reason
    FROM delivery_log l WHERE l.message_id > $1::bigint AND l.message_id <= $2::bigint
      AND l.status NOT IN ('pending', 'deferred') AND ($3::text IS NULL OR l.status::text = $3)
      AND NOT EXISTS (SELECT FROM delivery_log later WHERE later.message_id = l.message_id AND later.id > l.id)
    ORDER BY l.message_id LIMIT $4::int
  ), page AS (
    SELECT * FROM (SELECT * FROM open UNION ALL SELECT * FROM closed) both_kinds ORDER BY message_id LIMIT $4::int
  )
  SELECT p.message_id::text AS "messageId", p.address, p.status, p.attempts, p.due_at AS "dueAt",
    p.wait_reason AS "waitReason", ${LOG_COLUMNS.replace('l.in_doubt', 'coalesce(l.in_doubt, false)')}
  FROM page p LEFT JOIN LATERAL (
    SELECT * FROM delivery_log WHERE message_id = p.message_id ORDER BY id DESC LIMIT 1
  ) l ON true
  ORDER BY p.message_id`;

/** One message where it stands; `undefined` where neither work nor log knows it. */
export async function findMessage(database: Database, messageId: MessageId): Promise<MessageStanding | undefined> {
  const [standing] = await database.client.$queryRawUnsafe<MessageStanding[]>(
    LIST_MESSAGES,
    (BigInt(messageId) - 1n).toString(),
    messageId,
    null,
    1,
  );
  return standing;
}

/** The address of a recipient that is accepted but not yet prepared. */
export async function findUnpreparedAddress(database: Database, messageId: MessageId): Promise<string | undefined> {
  const ordinal = ordinalOf(messageId);
  const chunk = await database.client.jobChunk.findFirst({
    where: { jobId: BigInt(jobNumberOf(messageId)), firstOrdinal: { lte: ordinal } },
    orderBy: { number: 'desc' },
    select: { firstOrdinal: true, recipients: true },
  });
  if (chunk === null || chunk.recipients === null) return undefined;
  const recipients = await unpackRecipients(chunk.recipients);
  return recipients[ordinal - chunk.firstOrdinal]?.address;
}

/** One attempt, or the end without one, as it was logged. */
export type LoggedAttempt = Omit<MessageStanding, 'messageId' | 'address' | 'attempts' | 'dueAt' | 'waitReason'> & {
  readonly attempt: number;
  readonly mxIp: string | null;
};

/** Everything logged about a message, oldest first. */
export async function listAttempts(database: Database, messageId: MessageId): Promise<readonly LoggedAttempt[]> {
  return await database.client.$queryRawUnsafe<LoggedAttempt[]>(
    `SELECT l.attempt, l.status::text AS status, l.mx_ip AS "mxIp", ${LOG_COLUMNS}
     FROM delivery_log l WHERE l.message_id = $1::bigint ORDER BY l.id`,
    messageId,
  );
}
