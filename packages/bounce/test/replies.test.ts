import { expect, test } from 'vitest';

import { classifyReply, compileRules, DEFAULT_RULES } from '../src/index.ts';
import { ADDRESS_REPLIES } from './replies-address.ts';
import { LANGUAGE_REPLIES } from './replies-languages.ts';
import { MAILBOX_REPLIES } from './replies-mailbox.ts';
import { OTHER_REPLIES } from './replies-other.ts';
import { REPLIES_IN_OTHER_WORDS } from './replies-words.ts';

const rules = compileRules(DEFAULT_RULES);

const CASES = [
  ...ADDRESS_REPLIES,
  ...LANGUAGE_REPLIES,
  ...MAILBOX_REPLIES,
  ...OTHER_REPLIES,
  ...REPLIES_IN_OTHER_WORDS,
].flatMap(({ by, reason, replies }) => replies.map((reply) => ({ by, reason, reply })));

test.each(CASES)('$by, $reason: $reply', ({ reason, reply }) => {
  const decision = classifyReply(reply, {}, rules);
  expect(decision).toMatchObject({ reason });
  // Only a dead address is a hard error, and a transient reply never says that it is dead.
  if (reason !== 'user-unknown') expect(decision.type).toBe('soft');
});
