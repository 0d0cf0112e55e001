import fc from 'fast-check';
import { expect, test } from 'vitest';

import { classifyFailure, type AttemptResult } from './disposition.ts';
import type { EnhancedStatus } from './reply.ts';
import { isToBeBlocked, siteVerdict, type SiteVerdict } from './site-block.ts';

test.for<[title: string, messages: number, failures: number, blocked: boolean]>([
  ['nothing sent', 0, 0, false],
  ['299 never block, though all failed', 299, 299, false],
  ['300, all failed', 300, 300, true],
  ['300, exactly 90 % failed', 300, 270, true],
  ['300, one less than 90 % failed', 300, 269, false],
  ['3,001, a little under 90 % failed', 3001, 2700, false],
])('%s', ([, messages, failures, blocked]) => {
  expect(isToBeBlocked({ messages, failures })).toBe(blocked);
});

test('a rule may ask for other figures', () => {
  const block = { messages: 50, failurePercent: 50, hours: 1 };
  expect(isToBeBlocked({ messages: 50, failures: 25 }, block)).toBe(true);
  expect(isToBeBlocked({ messages: 49, failures: 49 }, block)).toBe(false);
});

test('fewer than 300 never block, whatever failed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 299 }), fc.integer({ min: 0, max: 299 }), (messages, failures) => {
      expect(isToBeBlocked({ messages, failures: Math.min(messages, failures) })).toBe(false);
    }),
  );
});

const refused = (code: number, text: string, enhanced?: EnhancedStatus): AttemptResult => ({
  kind: 'refused',
  reply: { code, enhanced, lines: [text] },
});

test.for<[title: string, result: AttemptResult, verdict: SiteVerdict]>([
  ['accepted', { kind: 'accepted' }, 'taken'],
  ['user unknown counts neither way', refused(550, '5.1.1 no such user', '5.1.1'), undefined],
  ['mailbox full counts neither way', refused(452, '4.2.2 over quota', '4.2.2'), undefined],
  ['an inactive mailbox counts neither way', refused(550, '5.2.1 disabled', '5.2.1'), undefined],
  ['user unknown without a status counts neither way', refused(550, 'User unknown'), undefined],
  ['no such domain counts neither way', { kind: 'invalid-domain' }, undefined],
  ['what could not be composed counts neither way', { kind: 'unsendable' }, undefined],
  ['greylisting counts neither way', refused(451, '4.7.1 Greylisted, come back', '4.7.1'), undefined],
  ['a block for reputation', refused(550, '5.7.1 blocked', '5.7.1'), 'failed'],
  ['deferred for the network', refused(421, '4.4.2 try later', '4.4.2'), 'failed'],
  ['421 without a status', refused(421, 'too many connections'), 'failed'],
  ['connection lost', { kind: 'unreachable' }, 'failed'],
  ['in doubt', { kind: 'in-doubt' }, 'failed'],
])('%s', ([, result, verdict]) => {
  expect(siteVerdict(result, classifyFailure(result))).toBe(verdict);
});
