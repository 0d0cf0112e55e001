import { classifyReply, compileRules, suggestPattern } from '@mxflow/bounce';
import type { BounceRulePut, QualifyPost } from '@mxflow/contracts';
import { pageUnmatched, type Database, type UnmatchedText } from '@mxflow/db';
import type { BounceRule } from '@mxflow/domain';

/** Replies that a rule may be asked to leave alone where the operator names none. */
const EVERYDAY = ['550 5.1.1 User unknown', '452 4.2.2 Mailbox full', '250 2.0.0 OK'] as const;

/**
 * The rule that a text becomes: what the operator leaves out is suggested. The example is the text without what differs,
 * so that no address stands in a rule.
 */
export function suggestRule(
  { text }: UnmatchedText,
  { dryRun: _dryRun, id: _id, ...given }: QualifyPost,
): BounceRulePut {
  const pattern = given.pattern ?? suggestPattern(text);
  const matches = given.matches ?? [text];
  const leaves = given.leaves ?? EVERYDAY.filter((reply) => !text.includes(reply)).slice(0, 1);
  return { where: ['reply', 'diagnostic', 'body'], ...given, pattern, matches, leaves };
}

const AT_ONCE = 1000;
/** Texts that one rule is held against; those behind it are the rarest. */
const MOST = 20_000;

/** The texts still to be qualified that a rule takes, the most frequent first. */
export async function textsTakenBy(database: Database, rule: BounceRule): Promise<readonly UnmatchedText[]> {
  const taken: UnmatchedText[] = [];
  // Texts are held against the rule wherever they were found, as long as it looks there.
  const compiled = compileRules([{ ...rule, where: ['reply'] }]);
  let after: UnmatchedText | undefined;
  for (let looked = 0; looked < MOST; looked += AT_ONCE) {
    const page = await pageUnmatched(database, { status: 'to-qualify', after, limit: AT_ONCE });
    for (const text of page) {
      const context = text.mxHost === null ? {} : { mxHost: text.mxHost };
      const looksThere = rule.where.includes(text.looksAt);
      if (looksThere && classifyReply(text.example, context, compiled).because.kind === 'rule') taken.push(text);
    }
    after = page.at(-1);
    if (page.length < AT_ONCE) break;
  }
  return taken;
}
