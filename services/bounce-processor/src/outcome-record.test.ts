import { expect, test } from 'vitest';

import { classifyReply, compileRules, DEFAULT_RULES } from '@mxflow/bounce';
import { DEFAULT_RETRY_SCHEDULE } from '@mxflow/domain';

import { recordOf as recordBy, type OutcomeMessage, type RecordContext } from './outcome-record.ts';

const rules = compileRules(DEFAULT_RULES);
const recordOf = (message: OutcomeMessage, context: Omit<RecordContext, 'classify'>) =>
  recordBy(message, { ...context, classify: (text, mxHost) => classifyReply(text, { mxHost }, rules) }).record;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = 1_800_000_000_000;
const facts = { messageId: '134217728', at: NOW, mxHost: 'mx.example.net' };
const terms = (validUntil: number): RecordContext['terms'] => ({
  jobNumber: '1',
  retry: DEFAULT_RETRY_SCHEDULE,
  validUntil,
  mode: 'live',
});
const refusedForNow = (text: string, attempt = 1): OutcomeMessage => ({
  key: 'delivery.deferred.v1',
  body: { ...facts, attempt, result: { kind: 'refused', reply: { code: 451, lines: [text] } } },
});

test('the whole course of a message that is never accepted: hourly five times, daily, expired', () => {
  const validUntil = NOW + 5 * DAY;
  const course: (number | string)[] = [];
  let now = NOW;
  for (let attempt = 1; course.at(-1) !== 'expired'; attempt += 1) {
    const record = recordOf(refusedForNow('later', attempt), { terms: terms(validUntil), now, jitter: 0.5 });
    expect(record.attempt).toBe(attempt);
    course.push(record.dueAt === undefined ? record.status : (record.dueAt - now) / HOUR);
    now = record.dueAt ?? now;
  }
  expect(course).toEqual([1, 1, 1, 1, 1, 24, 24, 24, 24, 'expired']);
});

test('a wait is spread by a tenth either way', () => {
  const dueAt = (jitter: number) =>
    recordOf(refusedForNow('later'), { terms: terms(NOW + DAY), now: NOW, jitter }).dueAt ?? 0;
  expect([(dueAt(0) - NOW) / HOUR, (dueAt(1) - NOW) / HOUR]).toEqual([0.9, 1.1]);
});

test('greylisting is tried again soon', () => {
  const context = { terms: terms(NOW + DAY), now: NOW, jitter: 0.5 };
  expect(recordOf(refusedForNow('4.7.1 Greylisted'), context)).toMatchObject({
    status: 'deferred',
    waitReason: 'greylisted',
    dueAt: NOW + 300_000,
  });
});

test.for<readonly [title: string, message: OutcomeMessage, context: Partial<RecordContext>, record: object]>([
  [
    'accepted is sent',
    {
      key: 'delivery.sent.v1',
      body: { ...facts, attempt: 2, reply: { code: 250, enhanced: '2.0.0', lines: ['2.0.0 Ok'] } },
    },
    {},
    { status: 'sent', attempt: 2, replyCode: 250, enhancedStatus: '2.0.0', reply: '250 2.0.0 Ok', inDoubt: false },
  ],
  [
    'a permanent refusal fails with the reason of its enhanced status',
    {
      key: 'delivery.failed.v1',
      body: {
        ...facts,
        attempt: 1,
        result: { kind: 'refused', reply: { code: 550, enhanced: '5.1.1', lines: ['5.1.1 Unknown'] } },
      },
    },
    {},
    { status: 'failed', failureType: 'hard', failureReason: 'user-unknown', replyCode: 550 },
  ],
  [
    'what can never be sent fails without a reply code',
    {
      key: 'delivery.failed.v1',
      body: { ...facts, attempt: 1, result: { kind: 'unsendable', because: 'no variable x' } },
    },
    {},
    { status: 'failed', failureType: 'soft', failureReason: 'refused', reply: 'no variable x' },
  ],
  [
    'a domain that does not exist is tried again',
    {
      key: 'delivery.deferred.v1',
      body: { ...facts, attempt: 1, result: { kind: 'invalid-domain', because: "DNS query failed for 'x.example'" } },
    },
    {},
    {
      status: 'deferred',
      failureReason: 'invalid-domain',
      reply: "DNS query failed for 'x.example'",
      waitReason: 'retry',
    },
  ],
  [
    'in doubt is tried again on the same terms, and said to be in doubt',
    { key: 'delivery.deferred.v1', body: { ...facts, attempt: 1, result: { kind: 'in-doubt', because: 'lost' } } },
    {},
    { status: 'deferred', inDoubt: true, dueAt: NOW + HOUR },
  ],
  [
    'no attempt fits before the validity ends: expired',
    refusedForNow('later'),
    { terms: terms(NOW + HOUR) },
    { status: 'expired' },
  ],
  ['the job is gone: nothing is tried again', refusedForNow('later'), { terms: undefined }, { status: 'expired' }],
])('%s', ([, message, context, record]) => {
  expect(recordOf(message, { terms: terms(NOW + DAY), now: NOW, jitter: 0.5, ...context })).toMatchObject(record);
});

const refused = (code: number, text: string): OutcomeMessage => ({
  key: code >= 500 ? 'delivery.failed.v1' : 'delivery.deferred.v1',
  body: { ...facts, attempt: 1, result: { kind: 'refused', reply: { code, lines: [text] } } },
});

test.for<readonly [text: string, message: OutcomeMessage, record: object]>([
  [
    'unknown by its text',
    refused(550, '5.1.1 ... User is unknown {mx003}'),
    { status: 'failed', failureType: 'hard', failureReason: 'user-unknown' },
  ],
  [
    'unknown for now only stays soft and is retried',
    refused(450, '4.1.1 User unknown'),
    { status: 'deferred', failureType: 'soft', failureReason: 'user-unknown' },
  ],
  [
    'over quota',
    refused(550, '5.2.2 User quota exceeded'),
    { status: 'failed', failureType: 'soft', failureReason: 'mailbox-full' },
  ],
  [
    'throttled',
    refused(421, '4.16.55 [TS01] Messages from 192.0.2.1 temporarily deferred due to excessive user complaints'),
    { status: 'deferred', failureType: 'soft', failureReason: 'unreachable', siteVerdict: 'failed' },
  ],
  [
    'a text that no rule knows decides nothing: the class of its reply does',
    refused(550, 'blah blubb'),
    { status: 'failed', failureType: 'soft', failureReason: 'not-defined', failureDetail: 'unclear' },
  ],
])('%s', ([, message, record]) => {
  expect(recordOf(message, { terms: terms(NOW + DAY), now: NOW, jitter: 0.5 })).toMatchObject(record);
});

test('our own words of a domain that does not exist are read by a rule, which the log names', () => {
  const message: OutcomeMessage = {
    key: 'delivery.deferred.v1',
    body: { ...facts, attempt: 1, result: { kind: 'invalid-domain', because: "DNS query failed for 'ourdan.com'" } },
  };
  const record = recordOf(message, { terms: terms(NOW + DAY), now: NOW, jitter: 0.5 });
  expect(record).toMatchObject({ failureType: 'soft', failureReason: 'invalid-domain', failureDetail: 'host-unknown' });
  expect(record.rule).toEqual(expect.any(String));
});

test('a failure known to be for good stops what would be tried again, unless it may have arrived', () => {
  const hard = {
    reason: 'invalid-domain',
    type: 'hard',
    detail: 'host-unknown',
    replyCode: undefined,
    enhancedStatus: undefined,
    because: { kind: 'rule', rule: 'mine', target: 'reply', text: '' },
  } as const;
  const decide = (kind: 'invalid-domain' | 'in-doubt') =>
    recordBy(
      { key: 'delivery.deferred.v1', body: { ...facts, attempt: 1, result: { kind, because: 'x' } } },
      { terms: terms(NOW + DAY), now: NOW, jitter: 0.5, classify: () => hard },
    ).record;
  expect(decide('invalid-domain')).toMatchObject({ status: 'failed', failureType: 'hard', rule: 'mine' });
  expect(decide('in-doubt')).toMatchObject({ status: 'deferred', failureType: 'soft', failureReason: 'unreachable' });
});
