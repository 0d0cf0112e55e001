import type { MessageId } from '@mxflow/domain';
import type { Database } from './database.ts';
import { lanesOfSites } from './lanes.ts';
import { BARRED } from './quarantine-entries.ts';
import { hasLeftList } from './unsubscribes.ts';
import { LOG_AND_TELL, countTransitions, type Transition } from './work-settle.ts';

/** A chunk of an accepted job as it was stored. */
export type StoredChunk = {
  readonly firstOrdinal: number;
  /** Compressed recipients; absent once the chunk was prepared. */
  readonly recipients: Uint8Array | null;
  readonly pool: string;
  readonly urgency: number;
  readonly notBefore: Date | null;
};

/** Reads a chunk together with what its job says about preparing it; `undefined` where there is none. */
export async function readChunk(
  database: Database,
  jobNumber: string,
  chunk: number,
): Promise<StoredChunk | undefined> {
  const rows = await database.client.$queryRawUnsafe<StoredChunk[]>(
    `SELECT c.first_ordinal AS "firstOrdinal", c.recipients, j.pool, j.urgency::int AS urgency, j.not_before AS "notBefore"
     FROM job_chunks c JOIN jobs j ON j.id = c.job_id
     WHERE c.job_id = $1::bigint AND c.number = $2::int AND j.state <> 'receiving'`,
    jobNumber,
    chunk,
  );
  return rows[0];
}

/** One recipient on its way to become work. */
export type PreparedRecipient = {
  readonly messageId: MessageId;
  readonly ordinal: number;
  readonly address: string;
  /** The address under which quarantine and duplicates know it. */
  readonly addressKey: string;
  /** 128 bits of a hash of `addressKey`, as a UUID. */
  readonly addressHash: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly siteId: number;
};

export type PreparedChunk =
  | { readonly kind: 'already-prepared' }
  /** `ignored`: how many of its recipients were duplicates, quarantined, or have left the list. */
  | { readonly kind: 'prepared'; readonly ignored: number };

/**
 * Makes a chunk into work, in one transaction: duplicates within the job, quarantined addresses and those that
 * have left the list go to the log as ignored, the rest waits in the lanes of its sites. A chunk that is prepared already is left alone, so repeating is harmless.
 */
export async function prepareChunk(
  database: Database,
  chunk: {
    jobNumber: string;
    number: number;
    pool: string;
    urgency: number;
    recipients: readonly PreparedRecipient[];
  },
): Promise<PreparedChunk> {
  return await database.client.$transaction(async (tx) => {
    const taken = await tx.$executeRawUnsafe(
      `UPDATE job_chunks SET prepared_at = mxflow_now(), recipients = NULL
       WHERE job_id = $1::bigint AND number = $2::int AND prepared_at IS NULL`,
      chunk.jobNumber,
      chunk.number,
    );
    if (taken === 0) return { kind: 'already-prepared' };
    const lanes = await lanesOfSites(tx, chunk.pool, [...new Set(chunk.recipients.map(({ siteId }) => siteId))]);
    const rows = JSON.stringify(chunk.recipients.map((recipient) => toRow(recipient, lanes.get(recipient.siteId))));
    const transitions = await tx.$queryRawUnsafe<Transition[]>(PREPARE, rows, chunk.jobNumber, chunk.urgency);
    await countTransitions(tx, transitions);
    await tx.$executeRawUnsafe(
      `UPDATE jobs SET chunks_prepared = chunks_prepared + 1 WHERE id = $1::bigint`,
      chunk.jobNumber,
    );
    return { kind: 'prepared', ignored: transitions.reduce((sum, { messages }) => sum + messages, 0) };
  });
}

// Addresses are inserted in the order of their hashes: two chunks of a job that are prepared at once cannot deadlock.
const PREPARE = `
  WITH recipient AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS r(message_id bigint, ordinal int, address text, address_key text,
      address_hash uuid, variables jsonb, site_id int, lane_id int)
  ), fresh AS (
    INSERT INTO job_addresses (job_id, address_hash, ordinal)
    SELECT $2::bigint, address_hash, ordinal FROM recipient ORDER BY address_hash, ordinal
    ON CONFLICT DO NOTHING RETURNING ordinal
  ), judged AS (
    SELECT r.*, CASE WHEN f.ordinal IS NULL THEN 'duplicate' WHEN q.address IS NOT NULL THEN 'quarantined'
      WHEN ${hasLeftList('r.address_key')} THEN 'unsubscribed' END AS ignored
    FROM recipient r JOIN jobs j ON j.id = $2::bigint LEFT JOIN fresh f USING (ordinal)
    LEFT JOIN quarantine q ON q.address = r.address_key AND ${BARRED}
  ), working AS (
    INSERT INTO work (message_id, job_id, due_at, lane_id, site_id, urgency, address, variables)
    SELECT message_id, $2::bigint, coalesce(j.not_before, (SELECT mxflow_now())), lane_id, site_id, $3::smallint, address,
      variables
    FROM judged JOIN jobs j ON j.id = $2::bigint WHERE ignored IS NULL
  ), transition AS (
    SELECT message_id, $2::bigint AS job_id, 1 AS attempt, 'ignored'::message_status AS status,
      NULL::text AS failure_type, ignored AS failure_reason, NULL::text AS failure_detail, NULL::text AS rule,
      NULL::int AS reply_code, NULL::text AS enhanced_status,
      NULL::text AS reply, NULL::text AS mx_host, NULL::text AS mx_ip, NULL::int AS source, site_id,
      false AS in_doubt, address, 'pending'::text AS before
    FROM judged WHERE ignored IS NOT NULL
  )
  ${LOG_AND_TELL}`;

function toRow(recipient: PreparedRecipient, laneId: number | undefined): object {
  if (laneId === undefined) throw new Error(`expected a lane for site ${recipient.siteId}, found none`);
  return {
    message_id: recipient.messageId,
    ordinal: recipient.ordinal,
    address: recipient.address,
    address_key: recipient.addressKey,
    address_hash: recipient.addressHash,
    variables: recipient.variables,
    site_id: recipient.siteId,
    lane_id: laneId,
  };
}
