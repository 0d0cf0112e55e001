import type { BounceRule } from '@mxflow/domain';

import { rulesOf, type Verdict } from './row.ts';

/** Whom a server may not know. */
const ADDRESSEE =
  'user|recipient|receiver|rcpt|mail ?box|inbox|account|addressee|address|alias|local[- ]part|person|subscriber|customer';

const NEGATED = '(not|n.t|no longer|never)( been| a| an)?';

const WRONG =
  'unknown|invalid|wrong|incorrect|unlisted|undefined|missing|gone|non-?existent|no more|not ours|not in use|not (found|known|valid|recogni[sz]ed|registered)|no longer exist';

const PLACE = 'server|system|host|site|domain|machine|database|directory|list|records';

const KNOWN = 'known|found|exist|recogni[sz]ed|configured|provisioned|registered|listed|valid|set up|present|defined';

/**
 * Words that say of an address that it is none, in whatever order and however far apart in a sentence: wide, so for
 * replies alone, and only where a code says the same or where no rule about us has matched before.
 */
export function unknownByItsWords(
  codes: Pick<Verdict, 'replyCodes' | 'enhancedStatuses'>,
  { name, example }: { readonly name: string; readonly example: string },
): readonly BounceRule[] {
  const verdict = { reason: 'user-unknown', detail: 'user-unknown', where: ['reply', 'diagnostic'], ...codes } as const;
  return rulesOf(verdict, [
    [
      name,
      [
        `(${ADDRESSEE})([^.:;]|[.][^ ])* (unknown|undefined|${NEGATED} (${KNOWN}|existing|one of (us|ours)))`,
        `(do|does) ?(not|n.t) (host|have|know|serve)( [^ .:;]+)?( [^ .:;]+)? (${ADDRESSEE})`,
        '(any|no) ?(one|body) (here )?(by|with|of|called) (that|the|this|such)',
        'not (a |an |one of our )([a-z]+ )?(user|recipient|mail ?box|account)s?([^a-z]|$)',
        `[^ ]+@[^ ]+ [^.:;]*(unknown|${NEGATED} (${KNOWN}))`,
        `(${ADDRESSEE}|e-?mail)( name| id)?( <?[^ ]+>?)? (is |was |does )?(${WRONG})`,
        `(${ADDRESSEE})[^.:;]* ${NEGATED} (here|there|ours|assigned|(on|in|at|of) (this|our|the) (${PLACE}))`,
        `(${ADDRESSEE})[^.:;]* (can ?not|can.t|could not|couldn.t) be (found|located|identified)`,
        `(unknown|undefined|we have no|no such|never heard of)( [^ .:;]+)?( [^ .:;]+)? (${ADDRESSEE})`,
      ],
      [example],
      ['550 5.1.1 Client host [192.0.2.1] blocked using zen.example.org', '450 account not configured yet'],
    ],
  ]);
}
