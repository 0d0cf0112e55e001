import type { MessageId, Reply } from '@mxflow/domain';
import type { Loss, Outcome } from '@mxflow/smtp';
import { expect, test } from 'vitest';
import { decideOutcome } from './attempt-outcome.ts';

const facts = { messageId: '1' as MessageId, attempt: 1, at: 0 };
const reply = (code: number): Reply => ({ code, enhanced: undefined, lines: ['text'] });
const loss: Loss = { reason: 'service-closing', detail: 'closing', reply: reply(421), errno: undefined };

type Row = readonly [name: string, outcome: Outcome, lostBefore: number, means: string];

test.for<Row>([
  ['250 after the dot is sent', { kind: 'accepted', reply: reply(250) }, 0, 'delivery.sent.v1'],
  ['250 to RCPT of a verification is sent', { kind: 'verified', reply: reply(250) }, 0, 'delivery.sent.v1'],
  ['4yz defers', { kind: 'refused', stage: 'RCPT', reply: reply(450) }, 0, 'delivery.deferred.v1'],
  ['5yz fails', { kind: 'refused', stage: 'content', reply: reply(554) }, 0, 'delivery.failed.v1'],
  ['a grant that ran out costs no attempt', { kind: 'withheld' }, 0, 'give-back'],
  ['a session lost before MAIL costs no attempt', { kind: 'unreachable', loss, mailSent: false }, 9, 'give-back'],
  ['a session lost after MAIL costs none at first', { kind: 'unreachable', loss, mailSent: true }, 0, 'give-back'],
  ['and defers the third time', { kind: 'unreachable', loss, mailSent: true }, 2, 'delivery.deferred.v1'],
  ['lost after the dot is in doubt', { kind: 'in-doubt', loss }, 0, 'delivery.deferred.v1'],
])('%s', ([, outcome, lostBefore, means]) => {
  const decision = decideOutcome(outcome, facts, lostBefore);
  expect(decision.kind === 'record' ? decision.outcome.key : decision.kind).toBe(means);
});
