import { expect, test } from 'vitest';

import { classifyReply, compileRules, DEFAULT_RULES } from '../../src/index.ts';

const rules = compileRules(DEFAULT_RULES);

const SAID_OF_IT = [
  'unknown',
  'is invalid',
  'was not found',
  'does not exist',
  "doesn't exist",
  'no longer exists',
  'is not recognised',
  'is not registered',
  'could not be located',
  'is not known here',
  'is undefined',
  'never existed',
];

const THEIRS = ['user', 'mailbox', 'account', 'recipient address', 'addressee', 'alias', 'email account', 'user name'];

const OURS = [
  'sender',
  'sender address',
  'envelope sender',
  'from address',
  'reply-to address',
  'return address',
  'sending user',
  'client address',
  'IP address',
  'your address',
  'your account',
  'your e-mail address',
  'SASL user',
  'authenticated user',
  'user or password',
  'user certificate',
  'password',
  'message-id',
  'attachment type',
  'HELO name',
  'mail route',
  'command',
];

const SENTENCES: readonly ((of: string, said: string) => string)[] = [
  (of, said) => `${of} ${said}`,
  (of, said) => `The ${of} ${said}.`,
  (of, said) => `lotte@dal.example: ${of} ${said}`,
  (of, said) => `No delivery, ${of} ${said} (in reply to RCPT TO command)`,
];

function reasonsOf(subjects: readonly string[], code: string): readonly (readonly [said: string, reason: string])[] {
  const replies = subjects.flatMap((of) =>
    SENTENCES.flatMap((sentence) => SAID_OF_IT.map((said) => `${code} ${sentence(of, said)}`)),
  );
  return replies.map((reply) => [reply, classifyReply(reply, {}, rules).reason]);
}

test('whatever words call the address of the recipient unknown, it is unknown', () => {
  expect(reasonsOf(THEIRS, '550').filter(([, reason]) => reason !== 'user-unknown')).toEqual([]);
});

test.each(['550', '550 5.1.1'])('the same words, said of anything of ours after %s, do not', (code) => {
  expect(reasonsOf(OURS, code).filter(([, reason]) => reason === 'user-unknown')).toEqual([]);
});
