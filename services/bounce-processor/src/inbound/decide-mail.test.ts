import { createHmac } from 'node:crypto';

import { expect, test } from 'vitest';

import { encodeMessageIdHeader, encodeUnsubscribeToken, encodeVerp, messageIdOf, type MessageId } from '@mxflow/domain';

import { decideMail } from './decide-mail.ts';
import type { MailReport, ReadMail } from './read-mail.ts';
import { whoseMail } from './whose-mail.ts';

const DAY_MS = 86_400_000;
const NOW = 20_000 * DAY_MS + 1000;
const mac = (keyId: string, text: string) => createHmac('sha256', `key ${keyId}`).update(text).digest();
const id = messageIdOf('7', 1);
const other = messageIdOf('7', 2);
const pathOf = (messageId: MessageId, day = 20_000) => `${encodeVerp({ messageId, day }, 'a', mac)}@b.example`;
const header = encodeMessageIdHeader({ messageId: id, domain: 'b.example' }, 'a', mac);
const messages = new Map([
  [id as string, { address: 'List@x.example', loggedAt: NOW - DAY_MS }],
  [other as string, { address: 'other@x.example', loggedAt: NOW - DAY_MS }],
]);

const report = (facts: Partial<MailReport>): MailReport => ({
  recipient: 'list@x.example',
  originalRecipient: undefined,
  action: 'failed',
  reason: 'user-unknown',
  type: 'hard',
  detail: 'unclear',
  because: { kind: 'nothing' },
  replyCode: 550,
  enhancedStatus: '5.1.1',
  text: 0,
  reply: undefined,
  looksAt: 'diagnostic',
  ...facts,
});
const full = { reason: 'mailbox-full', type: 'soft' } as const;
const mailOf = (reports: readonly MailReport[], facts: Partial<ReadMail> = {}): ReadMail => ({
  kind: 'failed',
  reports,
  texts: ['550 5.1.1 unknown'],
  returned: { messageId: undefined, headers: '' },
  sentTo: [],
  ...facts,
});

/** Outcome, and what is told of which message: kind, ordinal, reason. */
function found(rcptTo: readonly string[], mail: ReadMail | undefined, now = NOW): readonly string[] {
  const maxAgeMs = 30 * DAY_MS;
  const whose = whoseMail({ rcptTo, mail }, { mac, now, maxAgeMs });
  const { outcome, told } = decideMail({ mailId: '1', whose, mail, messages, now, maxAgeMs });
  return [
    outcome,
    ...told.map(({ bounce }) => {
      const reason = bounce.kind === 'unsubscribe' ? '' : bounce.failureReason;
      return `${bounce.kind} ${BigInt(bounce.messageId) & 0xffn} ${reason}`.trim();
    }),
  ];
}

type Row = readonly [sentence: string, rcptTo: readonly string[], mail: ReadMail | undefined, found: readonly string[]];

test.for<Row>([
  ['a failure', [pathOf(id)], mailOf([report({})]), ['bounce', 'failed 1 user-unknown']],
  [
    'of several recipients the one it was sent to counts',
    [pathOf(id)],
    mailOf([report({ recipient: 'a@y.example' }), report(full), report({ recipient: 'b@y.example' })]),
    ['bounce', 'failed 1 mailbox-full'],
  ],
  [
    'the recipient may have another name behind an alias',
    [pathOf(id)],
    mailOf([report({ recipient: 'a@y.example', originalRecipient: 'LIST@x.example', ...full })]),
    ['bounce', 'failed 1 mailbox-full'],
  ],
  [
    'of members of a list, none of which is it, the mildest speaks',
    [pathOf(id)],
    mailOf([report({ recipient: 'a@y.example' }), report({ recipient: 'b@y.example', ...full })]),
    ['bounce', 'failed 1 mailbox-full'],
  ],
  [
    'a list that reached one of its members lives',
    [pathOf(id)],
    mailOf([report({ recipient: 'a@y.example' }), report({ recipient: 'b@y.example', action: 'relayed' })]),
    ['ordinary'],
  ],
  ['still being tried', [pathOf(id)], mailOf([report({ action: 'delayed' })], { kind: 'delayed' }), ['delayed']],
  ['a failure that is none by its rule', [pathOf(id)], mailOf([report({ type: 'ignored' })]), ['auto-reply']],
  [
    'a complaint',
    [pathOf(id)],
    mailOf([report({ action: 'delivered' })], { kind: 'complaint' }),
    ['complaint', 'complaint 1 user-unknown'],
  ],
  ['not spam after all', [pathOf(id)], mailOf([report({})], { kind: 'feedback' }), ['ordinary']],
  [
    'to two of ours: only those that it names',
    [pathOf(id), pathOf(other)],
    mailOf([report({})]),
    ['bounce', 'failed 1 user-unknown'],
  ],
  [
    'to two of ours, naming both',
    [pathOf(id), pathOf(other)],
    mailOf([report({}), report({ recipient: 'other@x.example', ...full })]),
    ['bounce', 'failed 1 user-unknown', 'failed 2 mailbox-full'],
  ],
  [
    'a right address beside a wrong one',
    ['b-a-b-aaaaaaaaaaaaaaaaa@b.example', pathOf(id)],
    mailOf([report({})]),
    ['bounce', 'failed 1 user-unknown'],
  ],
  ['on the last day', [pathOf(id, 19_970)], mailOf([report({})]), ['bounce', 'failed 1 user-unknown']],
  ['a day too late', [pathOf(id, 19_968)], mailOf([report({})]), ['stale']],
  [
    'a wrong address is not made good by a right header',
    [pathOf(id).replace(/.@/, '@')],
    mailOf([report({})], { returned: { messageId: header, headers: '' } }),
    ['forged'],
  ],
  [
    'a right header, to nobody in particular',
    ['fbl@b.example'],
    mailOf([report({})], { returned: { messageId: header, headers: '' } }),
    ['bounce', 'failed 1 user-unknown'],
  ],
  [
    'a wrong header',
    ['fbl@b.example'],
    mailOf([report({})], { returned: { messageId: header.replace(/.@/, '@'), headers: '' } }),
    ['forged'],
  ],
  ['nothing of ours', ['fbl@b.example'], mailOf([report({})]), ['not-ours']],
  ['out of a mailbox', [], mailOf([report({})], { sentTo: [pathOf(id)] }), ['bounce', 'failed 1 user-unknown']],
  ['of a message that nobody knows', [pathOf(messageIdOf('8', 1))], mailOf([report({})]), ['not-ours']],
  ['that could not be read', [pathOf(id)], undefined, ['unparsed']],
  ['that could not be read, to nobody in particular', ['x@b.example'], undefined, ['unparsed']],
  [
    'an unsubscription',
    [`u-${encodeUnsubscribeToken(id, 'a', mac)}@b.example`],
    mailOf([], { kind: 'ordinary' }),
    ['unsubscribe', 'unsubscribe 1'],
  ],
  [
    'a report to an unsubscribe address',
    [`u-${encodeUnsubscribeToken(id, 'a', mac)}@b.example`],
    mailOf([report({})]),
    ['ordinary'],
  ],
])('%s', ([, rcptTo, mail, expected]) => {
  expect(found(rcptTo, mail)).toEqual(expected);
});

test('a Message-ID is as old as its message', () => {
  const mail = mailOf([report({})], { returned: { messageId: header, headers: '' } });
  expect(found(['fbl@b.example'], mail, NOW + 28 * DAY_MS)).toEqual(['bounce', 'failed 1 user-unknown']);
  expect(found(['fbl@b.example'], mail, NOW + 31 * DAY_MS)).toEqual(['stale']);
});
