import { expect, test } from 'vitest';

import { classifyMail, compileRules, DEFAULT_RULES } from '../src/index.ts';
import { octets } from './mail-shapes.ts';
import { GATEWAY_MAILS } from './mails-gateways.ts';
import { LANGUAGE_MAILS } from './mails-languages.ts';
import { LIST_MAILS } from './mails-lists.ts';
import { MORE_MAILS } from './mails-more.ts';
import { OTHER_MAILS } from './mails-no-bounce.ts';
import { PROVIDER_MAILS } from './mails-providers.ts';
import { UNIX_MAILS } from './mails-unix.ts';

const rules = compileRules(DEFAULT_RULES);

const MAILS = [
  ...UNIX_MAILS,
  ...GATEWAY_MAILS,
  ...PROVIDER_MAILS,
  ...MORE_MAILS,
  ...LIST_MAILS,
  ...LANGUAGE_MAILS,
  ...OTHER_MAILS,
];

test.each(MAILS)('$name: $kind', ({ mail, kind, recipients }) => {
  const read = classifyMail(octets(mail), rules);
  expect({ kind: read.kind, recipients: read.recipients.map(({ recipient, reason }) => [recipient, reason]) }).toEqual({
    kind,
    recipients,
  });
  for (const { reason, type, action } of read.recipients) {
    const isHard = kind === 'failed' && reason === 'user-unknown';
    const isSoft = (kind === 'failed' && action === 'failed' && !isHard) || kind === 'complaint';
    expect(type).toBe(isHard ? 'hard' : isSoft ? 'soft' : 'ignored');
  }
});

test.each([
  ['line feeds', (mail: string) => mail.replaceAll('\r\n', '\n')],
  ['carriage returns', (mail: string) => mail.replaceAll('\r\n', '\r')],
  ['an mbox line in front', (mail: string) => `From MAILER-DAEMON Tue Mar  3 10:00:05 2026\n${mail}`],
])('%s instead of a clean mail make no difference', (_how, change) => {
  for (const { mail, kind, recipients } of MAILS.filter((it) => it.mail !== '')) {
    const read = classifyMail(octets(change(mail)), rules);
    expect([read.kind, read.recipients.map(({ recipient, reason }) => [recipient, reason])]).toEqual([
      kind,
      recipients,
    ]);
  }
});

test('a mail knows whose it is by the headers that came back', () => {
  const [first] = UNIX_MAILS;
  const read = classifyMail(octets(first?.mail ?? ''), rules);
  expect(read.evidence.returned).toMatchObject({ messageId: '<01J8.test@shop.example>', to: 'reader@far.example' });
});
