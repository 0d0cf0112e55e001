import type { BounceRule } from '@mxflow/domain';

import { LATIN_WORDS } from './words-latin.ts';
import { OTHER_WORDS } from './words-other.ts';
import { rulesOf, type Verdict } from './row.ts';

/**
 * The words of a language, in plain letters and as stems, alternatives parted by `|`. What stands behind another word in
 * a sentence says something of it, in whatever order a language puts them.
 */
export type Words = {
  readonly language: string;
  /** Recipient, user, mailbox, account, address. */
  readonly recipient: string;
  /** Does not exist, is unknown, cannot be found, was deleted. */
  readonly unknown: string;
  /** The same in one word, or in words that mean something else apart. */
  readonly whole?: string;
  /** Mailbox, quota, space. */
  readonly box: string;
  /** Full, exceeded, used up. */
  readonly full: string;
  /** Disabled, suspended, closed. */
  readonly disabled: string;
  readonly sender: string;
  readonly domain: string;
  /** Refused, blocked, not allowed. */
  readonly refused: string;
  /** What each of the rules must match. */
  readonly examples: Readonly<Record<Subject, string>>;
};

type Subject = 'unknown' | 'full' | 'disabled' | 'sender' | 'domain' | 'ip' | 'refused';

const WORDS: readonly Words[] = [...LATIN_WORDS, ...OTHER_WORDS];

/** The rest of a sentence: a dot inside an address or a host name ends none. */
const REST = '([^.。]|[.][^ ])*';

/** No further than the next thing that a report lists. */
const NEAR = '([^.。:：;@]|[.][^ ])*';

/** Up to three words. */
const FEW = '[^ .:：;。]*( [^ .:：;。]+)?( [^ .:：;。]+)? ?';

const VERDICTS: Readonly<Record<Subject, Verdict & { readonly name: string }>> = {
  sender: { name: 'Sender_rejected', reason: 'refused', detail: 'sender-rejected' },
  ip: { name: 'IP_blocked', reason: 'refused', detail: 'ip-blocked' },
  full: { name: 'Mailbox_full', reason: 'mailbox-full', detail: 'mailbox-full' },
  disabled: { name: 'Inactive_user', reason: 'inactive-user', detail: 'suspended' },
  refused: { name: 'Refused', reason: 'refused', detail: 'policy' },
  domain: { name: 'Host_unknown', reason: 'invalid-domain', detail: 'host-unknown' },
  unknown: { name: 'User_unknown', reason: 'user-unknown', detail: 'user-unknown' },
};

/** The rules of all languages but English for one subject: they stand behind those in English. */
export function inOtherLanguages(subject: Subject): readonly BounceRule[] {
  const { name, ...verdict } = VERDICTS[subject];
  return WORDS.flatMap((words) =>
    rulesOf(verdict, [
      [
        `${name}_${words.language}`,
        alternativesFor(subject, words),
        [words.examples[subject]],
        ['250 2.0.0 Ok: queued', leftBy(subject, words)],
      ],
    ]),
  );
}

function alternativesFor(subject: Subject, words: Words): readonly string[] {
  const { recipient, unknown, box, full, disabled, sender, domain, refused } = words;
  switch (subject) {
    case 'unknown':
      return [...inEitherOrder(recipient, unknown), ...(words.whole === undefined ? [] : [words.whole])];
    case 'full':
      return inEitherOrder(box, full);
    case 'disabled':
      return inEitherOrder(recipient, disabled);
    case 'sender':
      return [`(${sender})${NEAR}(${unknown}|${refused}|${disabled})`];
    case 'domain':
      return [
        `(${domain})${NEAR}(${unknown}|[^a-z.]mx([^a-z0-9.]|$))`,
        `(${unknown})[a-z]* ((el|o|il|le|la|die|das|de|het) )?(${domain})`,
      ];
    case 'refused':
      // Behind all rules that tell of what: somebody would not have it.
      return [refused];
    case 'ip':
      return [
        `(^|[^a-z?&=/])ip([^a-z=]${NEAR})?(${refused}|${disabled})`,
        `(${refused})${FEW}(^|[^a-z?&=/])ip([^a-z=]|$)`,
      ];
  }
}

function inEitherOrder(what: string, how: string): readonly string[] {
  return [`(${what})${REST}(${how})`, `(${how})${FEW}(${what})`];
}

/** A text of another subject in the same language. */
function leftBy(subject: Subject, { examples }: Words): string {
  return subject === 'full' || subject === 'sender' || subject === 'domain' ? examples.ip : examples.full;
}
