import { ANY_RULE_ID, DEFAULT_MX_RULES, type Level, type MxRule } from '@mxflow/domain';

import type { Database, Statements } from './database.ts';

/** What an edit of the rules came to. */
export type RuleEdit = 'done' | 'unknown' | 'last-rule' | 'other-list';

/**
 * Adds a rule or puts it in the place of the one with its id. A new one comes first, or before the rule named: local
 * rules sit above those of the set. Figures for Custom that a rule has are kept where the new one brings none.
 */
export async function putMxRule(database: Database, rule: MxRule, before?: string): Promise<RuleEdit> {
  return await edit(database, async (tx) => {
    const ids = await lockedIds(tx);
    if (before !== undefined && !ids.includes(before)) return 'unknown';
    if (rule.id === ANY_RULE_ID && before !== undefined && before !== ANY_RULE_ID) return 'last-rule';
    await tx.$executeRawUnsafe(`DELETE FROM mx_rule_limits WHERE rule_id = $1 AND level <> 'custom'`, rule.id);
    await writeRule(tx, rule);
    // Custom may have been chosen since the rule was read: none may be without figures for it.
    if ((await lockInstance(tx)) === 'custom') await tx.$executeRawUnsafe(COPY_TO_CUSTOM, 'normal');
    if (before === undefined && ids.includes(rule.id)) return 'done';
    const others = ids.filter((id) => id !== rule.id);
    const at = before === undefined ? 0 : others.indexOf(before);
    if (rule.id !== ANY_RULE_ID && before !== rule.id) await place(tx, others.toSpliced(at, 0, rule.id));
    return 'done';
  });
}

/** Deletes a rule; the last one cannot be. */
export async function deleteMxRule(database: Database, id: string): Promise<RuleEdit> {
  if (id === ANY_RULE_ID) return 'last-rule';
  return await edit(database, async (tx) => {
    // In the order in which every edit locks.
    await lockedIds(tx);
    const deleted = await tx.$executeRawUnsafe(`DELETE FROM mx_rules WHERE id = $1`, id);
    return deleted === 1 ? 'done' : 'unknown';
  });
}

/** Puts the rules into a new order: every id once, the last rule last. */
export async function orderMxRules(database: Database, wanted: readonly string[]): Promise<RuleEdit> {
  if (wanted.at(-1) !== ANY_RULE_ID) return 'last-rule';
  return await edit(database, async (tx) => {
    const ids = await lockedIds(tx);
    if (new Set(wanted).size !== wanted.length || wanted.length !== ids.length) return 'other-list';
    if (!ids.every((id) => wanted.includes(id))) return 'other-list';
    await place(tx, wanted);
    return 'done';
  });
}

/** Sets the instance's level. Going to Custom, rules without figures of their own keep those in force until then. */
export async function setLevel(database: Database, level: Level): Promise<void> {
  await edit(database, async (tx) => {
    const before = await lockInstance(tx);
    if (before === level) return 'unknown';
    if (level === 'custom') await tx.$executeRawUnsafe(COPY_TO_CUSTOM, before);
    await tx.$executeRawUnsafe(`UPDATE instance SET level = $1`, level);
    return 'done';
  });
}

/**
 * Loads the bundled rules where no other rule than the last one was ever there. Rules of operators, and a set that a
 * sync brought, are left alone.
 *
 * @returns whether they were loaded.
 */
export async function loadBundledRules(database: Database): Promise<boolean> {
  const rules = DEFAULT_MX_RULES;
  const result = await edit(database, async (tx) => {
    const ids = await lockedIds(tx);
    if (ids.length !== 1 || ids[0] !== ANY_RULE_ID) return 'other-list';
    await writeRules(tx, rules);
    if ((await lockInstance(tx)) === 'custom') await tx.$executeRawUnsafe(COPY_TO_CUSTOM, 'normal');
    return 'done';
  });
  return result === 'done';
}

/** Puts a whole list of rules in place of the one in force, in one transaction; limits keep their budgets by rule id. */
export async function replaceRules(database: Database, rules: readonly MxRule[]): Promise<void> {
  await edit(database, async (tx) => {
    await lockInstance(tx);
    await tx.$executeRawUnsafe(`DELETE FROM mx_rules`);
    await writeRules(tx, rules);
    return 'done';
  });
}

/** One transaction; where it is done, a new version that every worker hears of. */
async function edit(database: Database, run: (tx: Statements) => Promise<RuleEdit>): Promise<RuleEdit> {
  return await database.client.$transaction(async (tx) => {
    const result = await run(tx);
    if (result === 'done') await announceRules(tx);
    return result;
  });
}

/** Counts the version up and tells who listens, within the caller's transaction. */
export async function announceRules(tx: Statements): Promise<void> {
  await tx.$executeRawUnsafe(`UPDATE instance SET rules_version = rules_version + 1`);
  await tx.$queryRawUnsafe(`SELECT pg_notify('mxflow_rules', '')::text`);
}

/** First in every change of what may be sent: whoever else makes one waits here. Answers the level in force. */
export async function lockInstance(tx: Statements): Promise<Level> {
  const [instance] = await tx.$queryRawUnsafe<{ level: Level }[]>(`SELECT level FROM instance FOR UPDATE`);
  if (instance === undefined) throw new Error('expected the row of the instance, found none');
  return instance.level;
}

/** The ids in their order, which nobody else changes until the end of the transaction. */
async function lockedIds(tx: Statements): Promise<readonly string[]> {
  await lockInstance(tx);
  const rows = await tx.$queryRawUnsafe<{ id: string }[]>(`SELECT id FROM mx_rules ORDER BY position, id`);
  return rows.map(({ id }) => id);
}

async function writeRule(tx: Statements, rule: MxRule): Promise<void> {
  await tx.$executeRawUnsafe(UPSERT, JSON.stringify(rowOf(rule)));
  await tx.$executeRawUnsafe(UPSERT_LIMITS, rule.id, JSON.stringify(limitRows(rule)));
}

/** Rules in the order given. */
async function writeRules(tx: Statements, rules: readonly MxRule[]): Promise<void> {
  for (const rule of rules) await writeRule(tx, rule);
  await place(
    tx,
    rules.map(({ id }) => id),
  );
}

async function place(tx: Statements, ids: readonly string[]): Promise<void> {
  await tx.$executeRawUnsafe(
    `UPDATE mx_rules r SET position = CASE WHEN r.id = '${ANY_RULE_ID}' THEN 2147483647 ELSE o.ordinality END
     FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY AS o(id, ordinality) WHERE o.id = r.id`,
    JSON.stringify(ids),
  );
}

function rowOf(rule: MxRule): object {
  return {
    id: rule.id,
    position: rule.id === ANY_RULE_ID ? 2_147_483_647 : 0,
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
  };
}

function limitRows({ limits }: MxRule): readonly object[] {
  return Object.entries(limits).map(([level, figures]) => ({
    level,
    connections: figures.maxConnections,
    messages: figures.maxMessagesPerConnection,
    per_hour: figures.messagesPerHour,
  }));
}

const UPSERT = `
  INSERT INTO mx_rules SELECT * FROM jsonb_populate_record(NULL::mx_rules, $1::jsonb)
  ON CONFLICT (id) DO UPDATE SET mask = excluded.mask, public_ids = excluded.public_ids, shared = excluded.shared,
    connect_timeout_seconds = excluded.connect_timeout_seconds, data_timeout_seconds = excluded.data_timeout_seconds,
    timeout_seconds = excluded.timeout_seconds, tls = excluded.tls,
    block = excluded.block,
    origin = excluded.origin, note = excluded.note`;

const UPSERT_LIMITS = `
  INSERT INTO mx_rule_limits (rule_id, level, max_connections, max_messages_per_connection, messages_per_hour)
  SELECT $1::text, l.level, l.connections, l.messages, l.per_hour
  FROM jsonb_to_recordset($2::jsonb) AS l(level text, connections int, messages int, per_hour int)
  ON CONFLICT (rule_id, level) DO UPDATE SET max_connections = excluded.max_connections,
    max_messages_per_connection = excluded.max_messages_per_connection,
    messages_per_hour = excluded.messages_per_hour`;

const COPY_TO_CUSTOM = `
  INSERT INTO mx_rule_limits (rule_id, level, max_connections, max_messages_per_connection, messages_per_hour)
  SELECT rule_id, 'custom', max_connections, max_messages_per_connection, messages_per_hour
  FROM mx_rule_limits WHERE level = $1 ON CONFLICT (rule_id, level) DO NOTHING`;
