import { expect, test } from 'vitest';

import { classifyMail, compileRules, DEFAULT_RULES } from '../src/index.ts';
import { octets } from './mail-shapes.ts';
import { OWN_MAILS } from './own-mails.ts';

const rules = compileRules(DEFAULT_RULES);

test.each(OWN_MAILS)('$name: $kind', ({ mail, kind, recipients }) => {
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
  for (const { mail, kind, recipients } of OWN_MAILS.filter((it) => it.mail !== '')) {
    const read = classifyMail(octets(change(mail)), rules);
    expect([read.kind, read.recipients.map(({ recipient, reason }) => [recipient, reason])]).toEqual([
      kind,
      recipients,
    ]);
  }
});

test('a mail knows whose it is by the headers that came back', () => {
  const [first] = OWN_MAILS;
  const read = classifyMail(octets(first?.mail ?? ''), rules);
  expect(read.evidence.returned).toMatchObject({ messageId: '<01J8.test@shop.example>', to: 'reader@far.example' });
});
