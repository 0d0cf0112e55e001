import type { BounceRule } from '@mxflow/domain';

import { ADDRESS_RULES } from './address.ts';
import { CONTENT_RULES } from './content.ts';
import { DOMAIN_RULES } from './domain.ts';
import { EARLY_RULES } from './early.ts';
import { MAILBOX_RULES } from './mailbox.ts';
import { NETWORK_RULES } from './network.ts';
import { POLICY_RULES } from './policy.ts';
import { RATE_RULES } from './rate.ts';
import { REPUTATION_RULES } from './reputation.ts';
import { rulesOf } from './row.ts';
import { SENDER_RULES } from './sender.ts';
import { NO_CONNECTION_IN_OTHER_LANGUAGES } from './trouble-in-other-languages.ts';

/** Reports of feedback loops that came as ordinary mail: the recipient pressed "spam", nothing failed. */
const FEEDBACK_RULES = rulesOf({ reason: 'refused', detail: 'complaint', where: ['subject', 'body', 'diagnostic'] }, [
  [
    'Feedback_loop_Hotmail',
    ['complaint about message from', 'feedback_loop_hotmail', 'email abuse report', 'spam complaint report'],
    [
      'complaint about message from 192.0.2.1',
      "Inbound email bounce (rule 'Feedback_loop_Hotmail' has matched this bounce)",
    ],
    ['Undelivered Mail Returned to Sender', '550 5.1.1 User unknown'],
  ],
]);

/**
 * The rules of a fresh installation. The order is the policy: what speaks of us (rate, reputation, sender, content)
 * stands before what speaks of the address, so that a refusal of ours is never read as a dead address; general words
 * come last.
 */
export const DEFAULT_RULES: readonly BounceRule[] = [
  ...FEEDBACK_RULES,
  ...EARLY_RULES,
  ...RATE_RULES,
  ...REPUTATION_RULES,
  ...SENDER_RULES,
  ...NO_CONNECTION_IN_OTHER_LANGUAGES,
  ...MAILBOX_RULES,
  ...CONTENT_RULES,
  ...DOMAIN_RULES,
  ...ADDRESS_RULES,
  ...NETWORK_RULES,
  ...POLICY_RULES,
];
