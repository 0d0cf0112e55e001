import { expect, test } from 'vitest';
import { classifyFailure, disposeOf, isGreylisting, type AttemptResult, type Disposition } from './disposition.ts';
import { parseEnhancedStatus, type Reply } from './reply.ts';

const reply = (code: number, text: string): Reply => ({ code, enhanced: parseEnhancedStatus(text), lines: [text] });
const refused = (code: number, text: string): AttemptResult => ({ kind: 'refused', reply: reply(code, text) });

test.for<readonly [string, AttemptResult, Disposition]>([
  ['accepted is complete', { kind: 'accepted' }, 'complete'],
  ['4yz is tried again', refused(450, '4.2.0 later'), 'retry'],
  ['5yz ends', refused(550, '5.1.1 unknown'), 'fail'],
  ['no session is tried again', { kind: 'unreachable' }, 'retry'],
  ['in doubt is tried again', { kind: 'in-doubt' }, 'retry'],
  ['an unknown domain is tried again', { kind: 'invalid-domain' }, 'retry'],
  ['what cannot be composed ends', { kind: 'unsendable' }, 'fail'],
])('%s', ([, result, disposition]) => {
  expect(disposeOf(result)).toBe(disposition);
});

test.for<readonly [AttemptResult, string, string]>([
  [refused(550, '5.1.1 no such user'), 'hard', 'user-unknown'],
  [refused(450, '4.1.1 not now'), 'soft', 'user-unknown'],
  [refused(552, '5.2.2 full'), 'soft', 'mailbox-full'],
  [refused(550, '5.2.1 disabled'), 'soft', 'inactive-user'],
  [refused(554, '5.7.1 no'), 'soft', 'refused'],
  [refused(550, 'whatever'), 'soft', 'not-defined'],
  [{ kind: 'invalid-domain' }, 'soft', 'invalid-domain'],
  [{ kind: 'in-doubt' }, 'soft', 'unreachable'],
])('%j is %s, %s', ([result, type, reason]) => {
  expect(classifyFailure(result)).toEqual({ type, reason });
});

test.for<readonly [number, string, boolean]>([
  [451, '4.7.1 Greylisted, come back', true],
  [450, '4.2.0 Gray listing in effect', true],
  [550, '5.7.1 greylisting never ends', false],
  [451, '4.3.0 try later', false],
])('%i %s: greylisting %s', ([code, text, is]) => {
  expect(isGreylisting(reply(code, text))).toBe(is);
});
