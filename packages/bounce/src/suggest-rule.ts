import type { BounceRule, RuleTarget } from '@mxflow/domain';

import { classifyReply } from './classify-reply.ts';
import { compileRules } from './compile-rules.ts';
import { suggestPattern } from './unmatched-text.ts';

/** Replies that a rule may be asked to leave alone where nobody names any. */
const EVERYDAY = ['550 5.1.1 User unknown', '452 4.2.2 Mailbox full', '250 2.0.0 OK'] as const;

/** The parts of a rule that can be suggested. */
type Suggested = {
  readonly where: RuleTarget[];
  readonly pattern: string;
  readonly matches: string[];
  readonly leaves: string[];
};

/**
 * The rule that an unmatched text becomes: what is not given is suggested. The example is the text without what differs,
 * so that no address stands in a rule.
 */
export function suggestRule<Given extends { readonly [Part in keyof Suggested]?: Suggested[Part] }>(
  text: string,
  given: Given,
): Omit<Given, keyof Suggested> & Suggested {
  const { where = ['reply', 'diagnostic', 'body'], pattern = suggestPattern(text), matches = [text] } = given;
  const leaves = given.leaves ?? EVERYDAY.filter((reply) => !text.includes(reply)).slice(0, 1);
  return { ...given, where, pattern, matches, leaves };
}

/** An unmatched text as far as a rule looks at it. */
type TextToTake = { readonly text: string; readonly looksAt: RuleTarget; readonly mxHost: string | null };

/** Whether a rule would have taken an unmatched text: it is held against it as a reply, where the rule looks there at all. */
export function takesText(rule: BounceRule): (text: TextToTake) => boolean {
  const compiled = compileRules([{ ...rule, where: ['reply'] }]);
  return ({ text, looksAt, mxHost }) =>
    rule.where.includes(looksAt) &&
    classifyReply(text, mxHost === null ? {} : { mxHost }, compiled).because.kind === 'rule';
}
