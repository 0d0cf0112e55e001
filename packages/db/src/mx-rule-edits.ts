import { ANY_RULE_ID, DEFAULT_MX_RULES, type Level, type MxRule } from '@mxflow/domain';

import type { Database, Statements } from './database.ts';
import { mxRuleRow, placeMxRules, writeMxRules } from './mx-rule-rows.ts';
import { copyToCustom, isRuleOfSet, loadSetList, mergeMxRules, originOfList, setRow } from './set-rules.ts';

/** What an edit of the rules came to. */
export type RuleEdit =
  | 'done'
  | 'unknown'
  | 'last-rule'
  /** The ids are not those of the rules. */
  | 'other-list'
  /** It came with the rule set, which brings it again: only at Custom may it be deleted or moved. */
  | 'of-the-set';

/**
 * Adds a rule or puts it in the place of the one with its id. A new one comes first, or before the rule named: local
 * rules sit above those of the set. Figures for Custom that a rule has are kept where the new one brings none. A rule
 * that says what the set says, whatever its figures for Custom, stays the set's.
 */
export async function putMxRule(database: Database, rule: MxRule, before?: string): Promise<RuleEdit> {
  return await edit(database, async (tx) => {
    const ids = await lockedIds(tx);
    if (before !== undefined && !ids.includes(before)) return 'unknown';
    if (rule.id === ANY_RULE_ID && before !== undefined && before !== ANY_RULE_ID) return 'last-rule';
    const isSame = ids.includes(rule.id) && (await isRuleOfSet(tx, 'mx_rules', setRow(mxRuleRow(rule))));
    const origin = isSame ? await originOfList(tx, 'mx_rules') : rule.origin;
    await tx.$executeRawUnsafe(`DELETE FROM mx_rule_limits WHERE rule_id = $1 AND level <> 'custom'`, rule.id);
    await writeMxRules(tx, [mxRuleRow({ ...rule, origin })]);
    // Custom may have been chosen since the rule was read: none may be without figures for it.
    if ((await lockInstance(tx)) === 'custom') await copyToCustom(tx, 'normal');
    if (before === undefined && ids.includes(rule.id)) return 'done';
    const others = ids.filter((id) => id !== rule.id);
    const at = before === undefined ? 0 : others.indexOf(before);
    if (rule.id !== ANY_RULE_ID && before !== rule.id) await placeMxRules(tx, others.toSpliced(at, 0, rule.id));
    return 'done';
  });
}

/**
 * Deletes an operator's rule; one of the set that it lay over holds again. At Custom, where no set is followed, any rule.
 * The last one cannot be deleted, nowhere.
 */
export async function deleteMxRule(database: Database, id: string): Promise<RuleEdit> {
  return await edit(database, (tx) => deleteMxRuleWithin(tx, id));
}

/** The same within the caller's transaction, which announces it. */
export async function deleteMxRuleWithin(tx: Statements, id: string): Promise<RuleEdit> {
  if (id === ANY_RULE_ID) return 'last-rule';
  const level = await lockInstance(tx);
  const [rule] = await tx.$queryRawUnsafe<{ origin: string }[]>(`SELECT origin FROM mx_rules WHERE id = $1`, id);
  if (rule === undefined) return 'unknown';
  if (rule.origin !== 'local' && level !== 'custom') return 'of-the-set';
  await tx.$executeRawUnsafe(`DELETE FROM mx_rules WHERE id = $1`, id);
  if (level !== 'custom' && (await isRuleOfSet(tx, 'mx_rules', { id }))) await mergeMxRules(tx);
  return 'done';
}

/** Puts the rules into a new order: every id once, the last rule last, those of the set as the set has them. */
export async function orderMxRules(database: Database, wanted: readonly string[]): Promise<RuleEdit> {
  if (wanted.at(-1) !== ANY_RULE_ID) return 'last-rule';
  return await edit(database, async (tx) => {
    const level = await lockInstance(tx);
    const rules = await tx.$queryRawUnsafe<{ id: string; origin: string }[]>(
      `SELECT id, origin FROM mx_rules ORDER BY position, id`,
    );
    if (new Set(wanted).size !== wanted.length || wanted.length !== rules.length) return 'other-list';
    if (!rules.every(({ id }) => wanted.includes(id))) return 'other-list';
    const ofSet = rules.filter(({ origin }) => origin !== 'local').map(({ id }) => id);
    const known = new Set(ofSet);
    const isMoved = wanted.filter((id) => known.has(id)).some((id, at) => id !== ofSet[at]);
    if (isMoved && level !== 'custom') return 'of-the-set';
    await placeMxRules(tx, wanted);
    return 'done';
  });
}

/**
 * Sets the instance's level, from a preset to any other. Going to Custom, rules without figures of their own keep those in
 * force until then.
 *
 * @returns false at Custom, which is left by `leaveCustom`.
 */
export async function setLevel(database: Database, level: Level): Promise<boolean> {
  return await database.client.$transaction(async (tx) => {
    const before = await lockInstance(tx);
    if (before === level) return true;
    if (before === 'custom') return false;
    if (level === 'custom') await copyToCustom(tx, before);
    await writeLevel(tx, level);
    await announceRules(tx);
    return true;
  });
}

/** Within a change of what may be sent, which is announced by its owner. */
export async function writeLevel(tx: Statements, level: Level): Promise<void> {
  await tx.$executeRawUnsafe(`UPDATE instance SET level = $1`, level);
}

/**
 * Loads the bundled rules where no other rule than the last one was ever there. Rules of operators, and a set that a
 * sync brought, are left alone.
 *
 * @returns whether they were loaded.
 */
export async function loadBundledRules(database: Database): Promise<boolean> {
  const result = await edit(database, async (tx) => {
    const ids = await lockedIds(tx);
    if (ids.length !== 1 || ids[0] !== ANY_RULE_ID) return 'other-list';
    const rows = DEFAULT_MX_RULES.map((rule) => setRow(mxRuleRow(rule)));
    if (!(await loadSetList(tx, 'mx_rules', { rows, version: null }))) return 'other-list';
    await mergeMxRules(tx);
    return 'done';
  });
  return result === 'done';
}

/** Puts a whole list of rules in place of the one in force, in one transaction; limits keep their budgets by rule id. */
export async function replaceRules(database: Database, rules: readonly MxRule[]): Promise<void> {
  await edit(database, async (tx) => {
    await lockInstance(tx);
    await tx.$executeRawUnsafe(`DELETE FROM mx_rules`);
    await writeMxRules(tx, rules.map(mxRuleRow));
    await placeMxRules(
      tx,
      rules.map(({ id }) => id),
    );
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
