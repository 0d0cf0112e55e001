import {
  PRESETS,
  type BounceRule,
  type DomainRule,
  type FeedbackRule,
  type Level,
  type MxRule,
  type ReasonPolicy,
} from '@mxflow/domain';

import { bounceRuleRow } from './bounce-rule-edits.ts';
import { announceReading } from './bounce-rules.ts';
import type { Statements } from './database.ts';
import { domainRuleRow } from './domain-rules.ts';
import { feedbackRuleRow } from './feedback-rule-edits.ts';
import { mergeTable, type RuleTable } from './merge-set.ts';
import { announceRules } from './mx-rule-edits.ts';
import { mxRuleRow } from './mx-rule-rows.ts';
import { mergePulledPolicies } from './policies.ts';
import { loadSetList, mergeMxRules, setRow, type SetList, type SetRow } from './set-rules.ts';

/** The lists of a rule set, as this instance follows them or not. */
export type FollowedList = SetList | 'policies';

/** A pulled rule set, read and found sound. */
export type SoundRuleSet = {
  readonly version: number;
  readonly rules: {
    readonly mxRules: readonly MxRule[];
    readonly bounceRules: readonly BounceRule[];
    readonly feedbackRules: readonly FeedbackRule[];
    readonly domainRules: readonly DomainRule[];
    readonly policies: readonly ReasonPolicy[];
  };
};

/** What the rules would be with operators' own ones over the set cannot be sent by: nothing of the set is taken. */
export class UnsoundRulesError extends Error {
  override readonly name = 'UnsoundRulesError';
  readonly code = 'MXFLOW_UNSOUND_RULES';
}

const ALL: readonly FollowedList[] = ['mx_rules', 'bounce_rules', 'feedback_rules', 'domain_rules', 'policies'];

/**
 * The lists of a set that hold at a level: all, or at Custom none, but how failures are read where the operator says so.
 */
export function listsFollowed(level: Level, bounceRulesInCustom: boolean): readonly FollowedList[] {
  if (level !== 'custom') return ALL;
  return bounceRulesInCustom ? ['bounce_rules', 'policies'] : [];
}

/**
 * Puts lists of a set in force, within the caller's transaction, which holds the instance's lock: whole, under the rules
 * of operators, and announced to every process where it changes anything. Throws where the outcome would not be sound.
 */
export async function applyLists(
  tx: Statements,
  { version, rules }: SoundRuleSet,
  lists: readonly FollowedList[],
): Promise<void> {
  const changed = { sending: false, reading: false };
  if (lists.includes('mx_rules')) {
    const rows = rules.mxRules.map((rule) => setRow(mxRuleRow(rule)));
    changed.sending = await takeMxRules(tx, version, rows);
  }
  for (const [table, what, rows] of tablesOf(rules)) {
    if (!lists.includes(table)) continue;
    await loadSetList(tx, table, { rows, version });
    changed[what] = (await mergeTable(tx, table)) || changed[what];
  }
  if (lists.includes('policies')) {
    changed.reading = (await mergePulledPolicies(tx, rules.policies)) || changed.reading;
    await tx.$executeRawUnsafe(`UPDATE set_lists SET version = $1::int WHERE list = 'policies'`, version);
  }
  await requireSound(tx);
  if (changed.sending) await announceRules(tx);
  if (changed.reading) await announceReading(tx);
}

/** The tables in which operators' rules lie over those of the set, and whether each is about sending or about reading. */
function tablesOf(
  rules: SoundRuleSet['rules'],
): readonly (readonly [RuleTable, 'sending' | 'reading', readonly SetRow[]])[] {
  return [
    ['bounce_rules', 'reading', rules.bounceRules.map(bounceRuleRow)],
    ['feedback_rules', 'reading', rules.feedbackRules.map(feedbackRuleRow)],
    ['domain_rules', 'sending', rules.domainRules.map(domainRuleRow)],
  ];
}

async function takeMxRules(tx: Statements, version: number, rows: readonly SetRow[]): Promise<boolean> {
  const before = await tx.$queryRawUnsafe<{ id: string }[]>(
    `SELECT id FROM set_rules WHERE list = 'mx_rules' ORDER BY position`,
  );
  await loadSetList(tx, 'mx_rules', { rows, version });
  return await mergeMxRules(
    tx,
    before.map(({ id }) => id),
  );
}

/** Puts the MX rules of the set of now in force again, where Custom left them alone: the other lists never lose a rule. */
export async function applyKnownSet(tx: Statements): Promise<void> {
  if (await mergeMxRules(tx)) await announceRules(tx);
}

/** No rule without a limit, and one that takes whatever no other takes: else somebody would be sent to without any. */
async function requireSound(tx: Statements): Promise<void> {
  const [gap] = await tx.$queryRawUnsafe<{ id: string; level: string }[]>(
    `SELECT r.id, l.level FROM mx_rules r
     CROSS JOIN (SELECT unnest($1::text[]) AS level UNION SELECT level FROM instance) l
     WHERE NOT EXISTS (SELECT FROM mx_rule_limits m WHERE m.rule_id = r.id AND m.level = l.level) LIMIT 1`,
    PRESETS,
  );
  if (gap !== undefined) {
    throw new UnsoundRulesError(`rule ${gap.id}: expected limits at level ${gap.level}, found none`);
  }
  const [last] = await tx.$queryRawUnsafe<{ id: string }[]>(`SELECT id FROM mx_rules ORDER BY position DESC LIMIT 1`);
  if (last?.id !== 'any') throw new UnsoundRulesError(`expected the rule any as the last, found ${last?.id ?? 'none'}`);
}
