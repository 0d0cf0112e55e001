import { jobNumberOf, type MessageId } from '@mxflow/domain';

import type { Statements } from './database.ts';

/** Where a message stands that mail tells of. */
export type BounceStanding = {
  readonly messageId: MessageId;
  readonly address: string;
  readonly attempt: number;
  readonly siteId: number | null;
  readonly mxHost: string | null;
  readonly mxIp: string | null;
  readonly source: number | null;
  readonly live: boolean;
  /** Its errors are ignored. */
  readonly pardoned: boolean;
  /** Errors are counted of it, so that every bounce matters. */
  readonly withErrors: boolean;
  /**
   * `accepted`: its outcome says so. `in-flight`: a server has it, as the mail proves, but its outcome is not recorded
   * yet or was lost. `failed`, or whatever else it ended as. `waiting`: it is to be sent.
   */
  readonly state: 'accepted' | 'in-flight' | 'failed' | 'waiting' | 'other';
  /** The counter that an unfinished message stands in. */
  readonly counted: 'pending' | 'deferred' | 'sent';
};

type WorkRow = { readonly messageId: string; readonly attempt: number; readonly inFlight: boolean };

/**
 * Reads where messages stand; those that nobody knows are absent. Unfinished ones stay locked until the end of the
 * transaction: no outcome can end them meanwhile.
 */
export async function readStandings(
  tx: Statements,
  messageIds: readonly MessageId[],
): Promise<ReadonlyMap<string, BounceStanding>> {
  const open = await tx.$queryRawUnsafe<WorkRow[]>(LOCK_WORK, messageIds);
  const jobs = messageIds.map((messageId) => jobNumberOf(messageId));
  const rows = await tx.$queryRawUnsafe<(Omit<BounceStanding, 'state' | 'counted'> & { status: string | null })[]>(
    READ,
    messageIds,
    jobs,
  );
  const unfinished = new Map(open.map((row) => [row.messageId, row]));
  return new Map(
    rows.map(({ status, ...row }): readonly [string, BounceStanding] => {
      const work = unfinished.get(row.messageId);
      const { attempt = row.attempt } = work ?? {};
      const counted = work === undefined ? 'sent' : attempt === 1 ? 'pending' : 'deferred';
      return [row.messageId, { ...row, attempt, counted, state: stateOf(status, work) }];
    }),
  );
}

function stateOf(status: string | null, work: WorkRow | undefined): BounceStanding['state'] {
  if (work !== undefined) return work.inFlight ? 'in-flight' : 'waiting';
  if (status === 'sent') return 'accepted';
  return status === 'failed' ? 'failed' : 'other';
}

const LOCK_WORK = `
  SELECT message_id::text AS "messageId", attempt,
    state = 'sending' OR in_doubt_attempt IS NOT NULL AS "inFlight"
  FROM work WHERE message_id = ANY ($1::bigint[]) ORDER BY message_id FOR UPDATE`;

const READ = `
  SELECT m.message_id::text AS "messageId", coalesce(w.address, l.address) AS address, coalesce(l.attempt, 1) AS attempt,
    coalesce(w.site_id, l.site_id) AS "siteId", l.mx_host AS "mxHost", l.mx_ip AS "mxIp",
    coalesce(l.source, w.source) AS source, j.mode = 'live' AS live, coalesce(q.status = 'allow-listed', false) AS pardoned,
    coalesce(q.status = 'with-errors', false) AS "withErrors",
    l.status::text AS status
  FROM unnest($1::bigint[], $2::bigint[]) AS m(message_id, job_id)
  JOIN jobs j ON j.id = m.job_id
  LEFT JOIN work w ON w.message_id = m.message_id
  LEFT JOIN LATERAL (
    SELECT * FROM delivery_log d WHERE d.message_id = m.message_id ORDER BY d.id DESC LIMIT 1
  ) l ON true
  LEFT JOIN quarantine q ON q.address = lower(coalesce(w.address, l.address)) AND q.status IN ('allow-listed', 'with-errors')
  WHERE w.message_id IS NOT NULL OR l.message_id IS NOT NULL`;
