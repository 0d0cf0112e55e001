import { matchesMask, type FeedbackRule } from '@mxflow/domain';
import { RE2JS } from 're2js';

/** Names the first rule that a reply of an MX host matches; `undefined` where it calls for nothing. */
export type MatchFeedback = (reply: string, mxHost: string) => string | undefined;

/** Characters of a reply that are looked at: nothing that a provider says about sending stands further back. */
const MAX_REPLY = 2000;
const MAX_REMEMBERED_HOSTS = 5000;

/**
 * Prepares rules, in their order, for matching. The engine is linear in the reply (RE2 semantics), so that no rule from
 * outside can hang us. Throws where a pattern cannot be run: see `feedbackFaults`.
 */
export function compileFeedback(rules: readonly FeedbackRule[]): MatchFeedback {
  const compiled = rules.map(({ id, mask, pattern }) => ({ id, mask, pattern: compilePattern(pattern) }));
  const byHost = new Map<string, typeof compiled>();
  const rulesOf = (mxHost: string): typeof compiled => {
    const known = byHost.get(mxHost);
    if (known !== undefined) return known;
    const matching = compiled.filter(({ mask }) => matchesMask(mask, mxHost));
    if (byHost.size >= MAX_REMEMBERED_HOSTS) byHost.clear();
    byHost.set(mxHost, matching);
    return matching;
  };
  return (reply, mxHost) => {
    const text = reply.slice(0, MAX_REPLY);
    return rulesOf(mxHost).find(({ pattern }) => pattern.matcher(text).find())?.id;
  };
}

function compilePattern(pattern: string): RE2JS {
  return RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
}

/** What is wrong with a rule: a pattern that cannot be run, or an example that comes out otherwise. `[]`: nothing. */
export function feedbackFaults(rule: FeedbackRule): readonly string[] {
  let pattern: RE2JS;
  try {
    pattern = compilePattern(rule.pattern);
  } catch (error) {
    return [`${rule.id}: the pattern cannot be run: ${String(error)}`];
  }
  const found = (text: string): boolean => pattern.matcher(text).find();
  return [
    ...(rule.matches.length === 0 ? [`${rule.id}: expected a reply that must match, found none`] : []),
    ...(rule.passes.length === 0 ? [`${rule.id}: expected a reply that must not match, found none`] : []),
    ...rule.matches.filter((text) => !found(text)).map((text) => `${rule.id}: must match, and does not: ${text}`),
    ...rule.passes.filter(found).map((text) => `${rule.id}: must not match, and does: ${text}`),
  ];
}
