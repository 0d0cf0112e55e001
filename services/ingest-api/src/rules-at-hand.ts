import { compileRulesInSlices, DEFAULT_RULES, type CompiledRules } from '@mxflow/bounce';
import { listBounceRules, seedBounceRules, type Database, type StoredBounceRule } from '@mxflow/db';
import type { BounceRule } from '@mxflow/domain';

/** The bounce rules as they are stored; the bundled ones are loaded where no other process has done so yet. */
export async function listSeededBounceRules(
  database: Database,
): Promise<{ readonly version: number; readonly rules: readonly StoredBounceRule[] }> {
  const list = await listBounceRules(database);
  if (list.rules.some(({ origin }) => origin !== 'local')) return list;
  await seedBounceRules(database, DEFAULT_RULES);
  return await listBounceRules(database);
}

/** Sets that stay compiled: those in force, and what is being tried. */
const KEPT = 3;

/** Compiles sets of rules, and remembers the latest: a trial comes back with the same set for every part of the log. */
export function createRuleCompiler(): (rules: readonly StoredBounceRule[]) => Promise<CompiledRules> {
  const kept = new Map<string, Promise<CompiledRules>>();
  return (rules) => {
    const wanted = rules.filter(({ enabled }) => enabled).map(ruleAlone);
    const key = JSON.stringify(wanted);
    const known = kept.get(key) ?? compileRulesInSlices(wanted);
    kept.delete(key);
    kept.set(key, known);
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT) break;
      kept.delete(oldest);
    }
    return known;
  };
}

/** A rule without what is only known of it. */
export function ruleAlone({ origin: _o, enabled: _e, hits: _h, lastHitAt: _l, ...rule }: StoredBounceRule): BounceRule {
  return rule;
}
