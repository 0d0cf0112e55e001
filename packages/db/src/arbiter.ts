import type { Database } from './database.ts';

/** A worker's tokens in one scope as it knows them: absolute totals, so that telling them twice changes nothing. */
export type GrantAccount = {
  readonly drawn: number;
  /** MAIL was written, and answered or lost. */
  readonly settled: number;
  /** MAIL was never written. */
  readonly returned: number;
};

/** One wish of a worker in one scope. */
export type ScopeRequest = {
  readonly scopeKey: string;
  readonly ruleId: string;
  readonly groupKey: string;
  readonly publicId: number;
  readonly mxIp: string;
  readonly siteId: number;
  /** 1 where a connection is wanted. None is granted without a token, in hand or granted with it. */
  readonly slots: 0 | 1;
  readonly tokens: number;
  readonly tokensInHand: number;
  /** With the first request of a scope in a batch, none with the others. */
  readonly account: GrantAccount | undefined;
};

/** What keeps a request from being granted. */
export type Binding =
  | 'connections'
  | 'rate'
  | 'share'
  | 'suspended'
  | 'path-back-off'
  | 'site-blocked'
  /** A replica of Postgres has taken over: connections that it does not know of may be open. */
  | 'failover'
  | 'rules-changed';

export type ScopeAnswer = {
  readonly slotId: string | undefined;
  readonly tokens: number;
  /** Postgres's total after this. */
  readonly drawn: number;
  readonly binds: Binding | undefined;
  /** Milliseconds; means something where something binds. */
  readonly askAgainMs: number;
};

/** The epoch was fenced: nothing under it is believed any more. */
export class EpochFencedError extends Error {
  override readonly name = 'EpochFencedError';
  readonly code = 'MXFLOW_EPOCH_FENCED';
}

type Row = {
  readonly index: number;
  readonly slotId: string | null;
  readonly tokens: number;
  readonly drawn: number;
  readonly binds: Binding | 'fenced' | null;
  readonly askAgainMs: number;
};

/**
 * Asks for slots and tokens; answers in the order of the requests. Requests of one worker must not overlap: its totals
 * would not be those of the moment.
 *
 * @throws EpochFencedError
 */
export async function requestGrants(
  database: Database,
  { epoch, rulesVersion }: { readonly epoch: number; readonly rulesVersion: number },
  requests: readonly ScopeRequest[],
): Promise<readonly ScopeAnswer[]> {
  // Microseconds of a clock that never goes back: numbers this worker's calls in their order.
  const number = Math.floor(performance.now() * 1000);
  const rows = await database.client.$queryRawUnsafe<Row[]>(
    `SELECT index, slot_id::text AS "slotId", tokens, drawn::float8 AS drawn, binds, ask_again_ms AS "askAgainMs"
     FROM mxflow_request($1::int, $2::bigint, $3::jsonb) ORDER BY index`,
    epoch,
    rulesVersion,
    JSON.stringify(requests.map((request) => ({ ...request, number }))),
  );
  return rows.map(({ slotId, tokens, drawn, binds, askAgainMs }) => {
    if (binds === 'fenced') throw new EpochFencedError(`expected epoch ${epoch} to be alive, found it fenced`);
    return { slotId: slotId ?? undefined, tokens, drawn, binds: binds ?? undefined, askAgainMs };
  });
}

/** Tells what became of tokens. Counts only while the epoch lives. */
export async function settleGrants(
  database: Database,
  epoch: number,
  accounts: readonly { readonly scopeKey: string; readonly account: Omit<GrantAccount, 'drawn'> }[],
): Promise<void> {
  const rows = accounts.map(({ scopeKey, account: { settled, returned } }) => ({ key: scopeKey, settled, returned }));
  await database.client.$queryRawUnsafe(`SELECT mxflow_settle($1::int, $2::jsonb)::text`, epoch, JSON.stringify(rows));
}

/** Frees slots, after the provider has seen the end of their connections. Unknown ids are passed over. */
export async function freeSlots(database: Database, epoch: number, slotIds: readonly string[]): Promise<void> {
  await database.client.$queryRawUnsafe(`SELECT mxflow_free_slots($1::int, $2::bigint[])`, epoch, slotIds);
}

/** Keeps slots counted for a full hold: nobody can say whether the provider has seen the end of their connections. */
export async function loseSlots(database: Database, epoch: number, slotIds: readonly string[]): Promise<void> {
  await database.client.$queryRawUnsafe(`SELECT mxflow_lose_slots($1::int, $2::bigint[])::text`, epoch, slotIds);
}

/** The slots that an epoch holds. */
export async function heldSlots(database: Database, epoch: number): Promise<readonly string[]> {
  const rows = await database.client.$queryRawUnsafe<{ id: string }[]>(
    `SELECT id::text AS id FROM slots WHERE epoch = $1`,
    epoch,
  );
  return rows.map(({ id }) => id);
}

/** A scope as operators see it. */
export type ScopeState = {
  readonly scopeKey: string;
  readonly ruleId: string;
  readonly publicId: number;
  readonly groupKey: string;
  readonly connections: number;
  readonly maxConnections: number;
  readonly messagesPerHour: number;
  /** Tokens that may be drawn at once now. */
  readonly level: number;
  /** Tokens drawn whose message has no reply yet. */
  readonly outstanding: number;
  readonly burst: number;
  /** Milliseconds until feedback no longer suspends it; 0 where it does not. */
  readonly suspendedMs: number;
};

/** Scopes that were used within the hour or hold something; of one rule, group or source where given. */
export async function listScopes(
  database: Database,
  filter: {
    readonly ruleId?: string;
    readonly groupKey?: string;
    readonly publicId?: number;
    readonly limit?: number;
  } = {},
): Promise<readonly ScopeState[]> {
  return await database.client.$queryRawUnsafe<ScopeState[]>(
    `SELECT s.key AS "scopeKey", s.rule_id AS "ruleId", s.public_id AS "publicId", s.group_key AS "groupKey",
       s.slots_used AS connections, coalesce(lim.max_connections, s.max_connections) AS "maxConnections",
       coalesce(lim.messages_per_hour, s.messages_per_hour) AS "messagesPerHour",
       least(mxflow_refilled(s.level, s.outstanding, s.messages_per_hour,
         extract(epoch FROM clock.now - s.refilled_at)::float8), mxflow_burst(coalesce(lim.messages_per_hour, s.messages_per_hour))) AS level,
       s.outstanding::float8 AS outstanding, mxflow_burst(coalesce(lim.messages_per_hour, s.messages_per_hour)) AS burst,
       greatest(0, coalesce(extract(epoch FROM lim.suspended_until - clock.now) * 1000, 0))::float8 AS "suspendedMs"
     FROM (SELECT mxflow_now() AS now) clock, scopes s
     CROSS JOIN LATERAL mxflow_limits_in_force(s.rule_id, s.public_id, s.group_key, mxflow_now()) AS lim
     WHERE ($1::text IS NULL OR s.rule_id = $1) AND ($2::text IS NULL OR s.group_key = $2)
       AND ($3::int IS NULL OR s.public_id = $3)
       AND (s.slots_used > 0 OR s.outstanding > 0 OR s.refilled_at > clock.now - interval '1 hour')
     ORDER BY s.key LIMIT $4`,
    filter.ruleId ?? null,
    filter.groupKey ?? null,
    filter.publicId ?? null,
    filter.limit ?? MAX_LISTED,
  );
}

const MAX_LISTED = 1000;
