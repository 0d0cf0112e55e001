import { expect, test } from 'vitest';

import { NO_CAPABILITIES, type Capabilities } from './capabilities.ts';
import type { MessageFacts } from './dialog-state.ts';
import { mailCommand, rcptCommand, refuseLocally } from './envelope.ts';

const plain: MessageFacts = {
  reversePath: 'bounces@sender.example',
  forwardPath: 'rcpt@there.example',
  smtpUtf8: false,
  content: { sizeOctets: 1_000, sevenBit: true },
};
const eightBit: MessageFacts = { ...plain, content: { sizeOctets: 1_000, sevenBit: false } };
const everything: Capabilities = { ...NO_CAPABILITIES, size: true, eightBitMime: true, smtpUtf8: true };

test.for<readonly [name: string, message: MessageFacts, offers: Capabilities, text: string]>([
  ['a server that offers nothing', plain, NO_CAPABILITIES, 'MAIL FROM:<bounces@sender.example>\r\n'],
  ['the null reverse-path', { ...plain, reversePath: null }, NO_CAPABILITIES, 'MAIL FROM:<>\r\n'],
  ['SIZE', plain, everything, 'MAIL FROM:<bounces@sender.example> SIZE=1000\r\n'],
  ['eight-bit content', eightBit, everything, 'MAIL FROM:<bounces@sender.example> SIZE=1000 BODY=8BITMIME\r\n'],
  ['SMTPUTF8', { ...plain, smtpUtf8: true }, everything, 'MAIL FROM:<bounces@sender.example> SIZE=1000 SMTPUTF8\r\n'],
  [
    'a path beyond US-ASCII',
    { ...plain, reversePath: 'é@x.example' },
    everything,
    'MAIL FROM:<é@x.example> SIZE=1000 SMTPUTF8\r\n',
  ],
  ['a verification', { ...plain, content: undefined }, everything, 'MAIL FROM:<bounces@sender.example>\r\n'],
])('MAIL for %s', ([, message, offers, text]) => {
  expect(mailCommand(message, offers)).toBe(text);
});

test('RCPT keeps a quoted local part as it is', () => {
  const message = { ...plain, forwardPath: '"a >\\" b"@x.example' };
  expect(refuseLocally(message, everything)).toBeUndefined();
  expect(rcptCommand(message)).toBe('RCPT TO:<"a >\\" b"@x.example>\r\n');
});

test.for<readonly [name: string, message: MessageFacts, offers: Capabilities, status: string | undefined]>([
  ['goes where nothing is in its way', plain, NO_CAPABILITIES, undefined],
  ['is refused where it needs SMTPUTF8', { ...plain, smtpUtf8: true }, NO_CAPABILITIES, '5.6.7'],
  ['is refused where its path needs SMTPUTF8', { ...plain, forwardPath: '用户@x.example' }, NO_CAPABILITIES, '5.6.7'],
  ['is refused where it needs 8BITMIME', eightBit, NO_CAPABILITIES, '5.6.3'],
  ['of the greatest size goes', plain, { ...everything, sizeOctets: 1_000 }, undefined],
  ['over the greatest size is refused', plain, { ...everything, sizeOctets: 999 }, '5.3.4'],
  ['with CRLF in its forward-path is refused', { ...plain, forwardPath: 'a@x\r\nRSET' }, everything, '5.1.3'],
  ['with an end of path in its forward-path is refused', { ...plain, forwardPath: 'a@x> SIZE=1' }, everything, '5.1.3'],
  ['with an open quote in its forward-path is refused', { ...plain, forwardPath: '"a@x' }, everything, '5.1.3'],
  ['with LF in its reverse-path is refused', { ...plain, reversePath: '"a\n"@x' }, everything, '5.1.7'],
  ['with a path beyond all bounds is refused', { ...plain, reversePath: `${'a'.repeat(400)}@x` }, everything, '5.1.7'],
])('a message %s', ([, message, offers, status]) => {
  expect(refuseLocally(message, offers)?.enhanced).toBe(status);
});
