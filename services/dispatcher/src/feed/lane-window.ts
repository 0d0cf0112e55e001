import type { LiveSource, RuleSet } from '@mxflow/db';
import { containsPublicId, levelInForce } from '@mxflow/domain';

/** What deciding a lane's window needs: the rules in force, and the sources that some worker can bind. */
export type FeedTerms = { readonly ruleSet: RuleSet; readonly liveSources: readonly LiveSource[] };

/** A lane holds so many at least, however slow it is: what comes back must find something to take its place. */
const MIN_WINDOW = 50;
const WINDOWS_PER_HOUR = 60;

/**
 * How many messages a lane may hold: what its live sources may send in a minute, within bounds. 0 where the pool has no
 * live source: work stays in Postgres, and nothing is burnt by waiting on a queue. The number of paths of a rule that
 * is not shared is unknown, so that such a lane gets the whole window.
 */
export function laneWindow(
  { ruleSet, liveSources }: FeedTerms,
  { pool, rule: ruleId }: { readonly pool: string; readonly rule: string },
  longest: number,
): number {
  const sources = liveSources.filter(({ pools }) => pools.includes(pool));
  if (sources.length === 0) return 0;
  const rule = ruleSet.rules.find(({ id }) => id === ruleId);
  if (rule === undefined || !rule.shared) return longest;
  if (!sources.every(({ publicId }) => containsPublicId(rule.publicIds, publicId))) return longest;
  const perHour = sources.reduce((sum, { publicId }) => {
    const own = ruleSet.sources.find((source) => source.publicId === publicId)?.level;
    return sum + (rule.limits[levelInForce(ruleSet.level, own)]?.messagesPerHour ?? 0);
  }, 0);
  return Math.min(longest, Math.max(MIN_WINDOW, Math.ceil(perHour / WINDOWS_PER_HOUR)));
}
