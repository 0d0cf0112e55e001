import {
  addressKey,
  jobNumberOf,
  quarantineAtOf,
  type FailureDetail,
  type FailureReason,
  type FailureType,
  type MessageId,
} from '@mxflow/domain';

import { readStandings, type BounceStanding } from './bounce-standing.ts';
import type { Database, Statements } from './database.ts';
import { readQuarantineTerms, type QuarantineTermsNow } from './quarantine-entries.ts';
import { applyEvents, type AddressEvent, type QuarantineEffect } from './quarantine-events.ts';
import { inTransaction } from './transaction.ts';
import { leaveLists } from './unsubscribes.ts';
import { storable } from './unstorable.ts';
import { countTransitions, logAndTell, type Transition } from './work-settle.ts';

/** What a mail to a return-path, or a click on a link, tells of one message. Whose it is has been verified. */
export type ReportedBounce = {
  readonly messageId: MessageId;
  /** The stored mail that it came from. */
  readonly mailId?: string;
} & (
  | {
      readonly kind: 'failed' | 'complaint';
      readonly failureType: FailureType;
      readonly failureReason: FailureReason;
      readonly failureDetail: FailureDetail;
      /** The bounce rule that decided, and the text that it saw. */
      readonly rule?: string;
      readonly text?: string;
      readonly replyCode?: number;
      readonly enhancedStatus?: string;
      /** The remote server's reply, as the mail quotes it. */
      readonly reply?: string;
    }
  | { readonly kind: 'unsubscribe' }
);

/**
 * What became of a bounce. `repeated`: its failure, complaint or unsubscription is known, nothing changed. `not-sent`: the message is not with any server, or
 * was only tried; nothing changed.
 */
export type BounceResult = 'applied' | 'repeated' | 'unknown-message' | 'not-sent';

/**
 * Records bounces in one transaction: what was sent becomes failed, in log, counters and webhooks, and the address is
 * counted and quarantined. Each message can fail, be complained about and be unsubscribed from once: a second bounce
 * changes nothing.
 *
 * A bounce may be quicker than the outcome of the attempt, or the outcome lost: then it ends the message itself.
 *
 * @param finish what is to be written in the same transaction.
 */
export async function recordBounces(
  database: Database,
  bounces: readonly ReportedBounce[],
  finish: (tx: Statements, results: readonly BounceResult[]) => Promise<void> = async () => {},
): Promise<{ readonly results: readonly BounceResult[]; readonly quarantine: QuarantineEffect }> {
  return await inTransaction(database, async (tx) => {
    const standings = await readStandings(tx, [...new Set(bounces.map(({ messageId }) => messageId))]);
    const possible = new Map<string, Told>();
    for (const bounce of bounces) {
      const standing = standings.get(bounce.messageId);
      if (standing === undefined || !concerns(bounce, standing)) continue;
      if (!possible.has(keyOf(bounce))) possible.set(keyOf(bounce), { bounce, standing });
    }
    const fresh = await takeOnce(tx, [...possible.values()]);
    const told = [...possible].filter(([key]) => fresh.has(key)).map(([, each]) => each);
    const transitions = await tx.$queryRawUnsafe<Transition[]>(
      BOUNCE,
      JSON.stringify(told.map((each) => toRow(each, leavesSent(each, { fresh, told })))),
    );
    await leaveLists(
      tx,
      told.flatMap(({ bounce: { kind, messageId }, standing: { address } }) =>
        kind === 'unsubscribe' ? [{ address: addressKey(address), jobNumber: jobNumberOf(messageId) }] : [],
      ),
    );
    const terms = await readQuarantineTerms(tx);
    const events = told.filter((each) => matters(each, terms)).flatMap((each) => eventOf(each));
    const quarantine = await applyEvents(tx, events, { ...terms, from: 'mail', messages: new Map() });
    await countTransitions(tx, transitions);
    const results = resultsOf(bounces, { standings, fresh, possible });
    await finish(tx, results);
    return { results, quarantine };
  });
}

type Told = { readonly bounce: ReportedBounce; readonly standing: BounceStanding };

function keyOf({ messageId, kind }: Pick<ReportedBounce, 'messageId' | 'kind'>): string {
  return `${messageId} ${kind}`;
}

/** Whether a bounce can be about a message that stands so. */
function concerns({ kind }: ReportedBounce, { state, live }: BounceStanding): boolean {
  if (!live) return false;
  switch (kind) {
    case 'failed':
      return isDelivered(state) || state === 'failed';
    case 'complaint':
      // Whatever it ended as: who complains of it has got it.
      return state !== 'waiting';
    case 'unsubscribe':
      return true;
  }
}

function isDelivered(state: BounceStanding['state']): boolean {
  return state === 'accepted' || state === 'in-flight';
}

/**
 * Takes what was never told before. That a message leaves `sent` is one thing more, whether for a failure or for a
 * complaint: so a complaint takes `failed` as well, where that is not taken.
 */
async function takeOnce(tx: Statements, told: readonly Told[]): Promise<ReadonlySet<string>> {
  const wanted = told.flatMap(({ bounce: { messageId, kind, mailId }, standing: { state } }) => {
    // A message that ended by its own outcome can be complained about, and cannot fail again.
    const leaves = kind === 'complaint' && isDelivered(state) ? ['complaint', 'failed'] : [kind];
    if (kind === 'failed' && state === 'failed') return [];
    return leaves.map((each) => ({ message_id: messageId, kind: each, mail_id: mailId }));
  });
  const rows = await tx.$queryRawUnsafe<{ messageId: string; kind: ReportedBounce['kind'] }[]>(
    `INSERT INTO bounced_messages (message_id, kind, mail_id)
     SELECT message_id, kind, max(mail_id) FROM jsonb_to_recordset($1::jsonb) AS b(message_id bigint, kind text, mail_id bigint)
     GROUP BY message_id, kind ORDER BY message_id, kind
     ON CONFLICT DO NOTHING RETURNING message_id::text AS "messageId", kind`,
    JSON.stringify(wanted),
  );
  return new Set(rows.map((row) => keyOf(row as Pick<ReportedBounce, 'messageId' | 'kind'>)));
}

const EVENTS = { failed: 'message.bounced', complaint: 'message.complained', unsubscribe: 'message.unsubscribed' };

function toRow({ bounce, standing }: Told, leaves: boolean): object {
  const { messageId, kind } = bounce;
  const facts = {
    message_id: messageId,
    job_id: jobNumberOf(messageId),
    attempt: standing.attempt,
    site_id: standing.siteId,
    mx_host: standing.mxHost,
    mx_ip: standing.mxIp,
    source: standing.source,
    address: standing.address,
    event: EVENTS[kind],
    before: leaves ? standing.counted : null,
    // What expired or was cancelled stays so in the log.
    logged: kind !== 'unsubscribe' && standing.state !== 'other',
  };
  if (bounce.kind === 'unsubscribe') return facts;
  const pardoned = standing.pardoned && kind === 'failed';
  return {
    ...facts,
    failure_type: pardoned ? 'ignored' : bounce.failureType,
    failure_reason: pardoned ? 'ignored' : bounce.failureReason,
    failure_detail: bounce.failureDetail,
    rule: bounce.rule,
    reply_code: bounce.replyCode,
    enhanced_status: bounce.enhancedStatus,
    reply: loggedText(bounce),
  };
}

/** Whether it is this bounce that makes its message leave `sent`: of a failure and a complaint at once, the failure. */
function leavesSent(
  { bounce: { messageId, kind } }: Told,
  { fresh, told }: { readonly fresh: ReadonlySet<string>; readonly told: readonly Told[] },
): boolean {
  const failure = keyOf({ messageId, kind: 'failed' });
  if (kind === 'unsubscribe' || !fresh.has(failure)) return false;
  return kind === 'failed' || !told.some(({ bounce }) => keyOf(bounce) === failure);
}

/** What the delivery log says of a mail: which rule matched it, in these words; else what the mail quotes. */
function loggedText({
  rule,
  reply,
  text,
}: Exclude<ReportedBounce, { readonly kind: 'unsubscribe' }>): string | undefined {
  if (rule !== undefined) return `Inbound email bounce (rule '${rule}' has matched this bounce)`;
  return storable((reply ?? text)?.slice(0, MAX_TEXT));
}

const MAX_TEXT = 2000;

const BOUNCE = `
  WITH told_of AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS b(message_id bigint, job_id bigint, attempt int, site_id int,
      mx_host text, mx_ip text, source int, address text, event text, before text, logged boolean, failure_type text, failure_reason text,
      failure_detail text, rule text, reply_code int, enhanced_status text, reply text)
  ), ended AS (
    DELETE FROM work w USING told_of b WHERE w.message_id = b.message_id AND b.before IS NOT NULL
  ), transition AS (
    SELECT b.*, 'failed'::message_status AS status, false AS in_doubt FROM told_of b
  )
  ${logAndTell('t.event', 't.logged')}
  SELECT job_id::text AS "jobNumber", before, status::text AS status, count(*)::int AS messages, 0 AS "inDoubt"
  FROM transition WHERE before IS NOT NULL GROUP BY 1, 2, 3`;

/** Whether a bounce can change its address: one that is not counted only tells that a success was none. */
function matters({ bounce, standing }: Told, { policies }: QuarantineTermsNow): boolean {
  if (bounce.kind !== 'failed' || standing.withErrors) return true;
  const { failureReason: reason, failureType: type, failureDetail: detail } = bounce;
  return quarantineAtOf({ reason, type, detail }, policies) !== undefined;
}

function eventOf({ bounce, standing: { address, siteId, attempt, pardoned } }: Told): readonly AddressEvent[] {
  const { messageId } = bounce;
  switch (bounce.kind) {
    case 'unsubscribe':
      return [];
    case 'complaint': {
      const { rule, text, reply } = bounce;
      const event = { kind: 'complaint' } as const;
      return [{ address, event, siteId, rule, text: text ?? reply, messageId, attempt }];
    }
    case 'failed': {
      if (pardoned) return [];
      const { rule, text, reply, failureReason: reason, failureType: type, failureDetail: detail } = bounce;
      const event = { kind: 'error', reason, type, detail } as const;
      return [{ address, event, siteId, rule, text: text ?? reply, messageId, attempt }];
    }
  }
}

function resultsOf(
  bounces: readonly ReportedBounce[],
  world: {
    standings: ReadonlyMap<string, BounceStanding>;
    fresh: ReadonlySet<string>;
    possible: ReadonlyMap<string, Told>;
  },
): readonly BounceResult[] {
  const answered = new Set<string>();
  return bounces.map((bounce) => {
    const key = keyOf(bounce);
    if (!world.standings.has(bounce.messageId)) return 'unknown-message';
    if (!world.possible.has(key)) return 'not-sent';
    if (!world.fresh.has(key) || answered.has(key)) return 'repeated';
    answered.add(key);
    return 'applied';
  });
}
