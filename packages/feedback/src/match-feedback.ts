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

/** One thing that is wrong with a rule. */
export type FeedbackFault = {
  /** JSON pointer (RFC 6901) into the rule. */
  readonly pointer: string;
  readonly expected: string;
  readonly found: string;
};

/** What is wrong with a rule: a pattern that cannot be run, or an example that comes out otherwise. `[]`: nothing. */
export function feedbackFaults(rule: FeedbackRule): readonly FeedbackFault[] {
  let pattern: RE2JS;
  try {
    pattern = compilePattern(rule.pattern);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [{ pointer: '/pattern', expected: `a pattern that RE2 can run (${why})`, found: rule.pattern }];
  }
  const found = (text: string): boolean => pattern.matcher(text.slice(0, MAX_REPLY)).find();
  const expected = { matches: 'a reply that the pattern matches', passes: 'a reply that the pattern leaves alone' };
  return [
    ...(found('') ? [{ pointer: '/pattern', expected: 'a pattern that asks for something', found: rule.pattern }] : []),
    ...(['matches', 'passes'] as const).flatMap((field): readonly FeedbackFault[] => {
      const wrong = rule[field].flatMap((text, index) =>
        found(text) === (field === 'matches')
          ? []
          : [{ pointer: `/${field}/${index}`, expected: expected[field], found: text }],
      );
      return rule[field].length > 0 ? wrong : [{ pointer: `/${field}`, expected: expected[field], found: 'none' }];
    }),
  ];
}
