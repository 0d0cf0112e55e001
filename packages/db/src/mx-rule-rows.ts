import { ANY_RULE_ID, type MxRule } from '@mxflow/domain';

import type { Statements } from './database.ts';

/** The last place, whatever list is loaded. */
const LAST = 2_147_483_647;

/** An MX rule as the tables hold it: a row, and the rows of its limits. */
export type MxRuleRow = { readonly id: string; readonly limits: readonly object[]; readonly [column: string]: unknown };

/** Adds rules, or puts each over the one with its id; their places stay. */
export async function writeMxRules(tx: Statements, rows: readonly MxRuleRow[]): Promise<void> {
  const list = JSON.stringify(rows);
  await tx.$executeRawUnsafe(UPSERT, list);
  await tx.$executeRawUnsafe(UPSERT_LIMITS, list);
}

/** Gives every rule its place; the last one stays last. */
export async function placeMxRules(tx: Statements, ids: readonly string[]): Promise<void> {
  await tx.$executeRawUnsafe(
    `UPDATE mx_rules r SET position = CASE WHEN r.id = '${ANY_RULE_ID}' THEN ${LAST} ELSE o.ordinality END
     FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY AS o(id, ordinality) WHERE o.id = r.id`,
    JSON.stringify(ids),
  );
}

export function mxRuleRow(rule: MxRule): MxRuleRow {
  return {
    id: rule.id,
    position: rule.id === ANY_RULE_ID ? LAST : 0,
    mask: rule.mask,
    public_ids: rule.publicIds,
    shared: rule.shared,
    connect_timeout_seconds: rule.connectTimeoutSeconds,
    data_timeout_seconds: rule.dataTimeoutSeconds,
    timeout_seconds: rule.timeoutSeconds,
    tls: rule.tls,
    block: rule.block ?? null,
    origin: rule.origin,
    note: rule.note ?? null,
    limits: Object.entries(rule.limits).map(([level, figures]) => ({
      level,
      connections: figures.maxConnections,
      messages: figures.maxMessagesPerConnection,
      per_hour: figures.messagesPerHour,
    })),
  };
}

const UPSERT = `
  INSERT INTO mx_rules SELECT * FROM jsonb_populate_recordset(NULL::mx_rules, $1::jsonb)
  ON CONFLICT (id) DO UPDATE SET mask = excluded.mask, public_ids = excluded.public_ids, shared = excluded.shared,
    connect_timeout_seconds = excluded.connect_timeout_seconds, data_timeout_seconds = excluded.data_timeout_seconds,
    timeout_seconds = excluded.timeout_seconds, tls = excluded.tls, block = excluded.block, origin = excluded.origin,
    note = excluded.note`;

const UPSERT_LIMITS = `
  INSERT INTO mx_rule_limits (rule_id, level, max_connections, max_messages_per_connection, messages_per_hour)
  SELECT r.id, l.level, l.connections, l.messages, l.per_hour
  FROM jsonb_to_recordset($1::jsonb) AS r(id text, limits jsonb)
  CROSS JOIN jsonb_to_recordset(r.limits) AS l(level text, connections int, messages int, per_hour int)
  ON CONFLICT (rule_id, level) DO UPDATE SET max_connections = excluded.max_connections,
    max_messages_per_connection = excluded.max_messages_per_connection,
    messages_per_hour = excluded.messages_per_hour`;
