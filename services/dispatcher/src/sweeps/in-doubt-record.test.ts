import type { OrphanedClaim, RetryTerms } from '@mxflow/db';
import type { MessageId } from '@mxflow/domain';
import { expect, test } from 'vitest';

import { inDoubtRecord, mayCallInDoubt } from './in-doubt-record.ts';

const claim: OrphanedClaim = { messageId: '9' as MessageId, attempt: 2, jobNumber: '7', source: 4 };
const terms: RetryTerms = {
  jobNumber: '7',
  retry: { delaysSeconds: [60, 120], thenEverySeconds: 600, greylistSeconds: 5 },
  validUntil: 1_000_000,
  mode: 'live',
};
const facts = {
  messageId: '9',
  attempt: 2,
  inDoubt: true,
  failureType: 'soft',
  failureReason: 'unreachable',
  reply: 'worker lost: outcome unknown',
  source: 4,
};

test.for<[what: string, terms: RetryTerms | undefined, now: number, expected: object]>([
  ['is tried again when it would be anyway', terms, 0, { status: 'deferred', dueAt: 120_000, waitReason: 'in-doubt' }],
  ['expires when that would be too late', terms, 950_000, { status: 'expired' }],
  ['expires with its job', undefined, 0, { status: 'expired' }],
])('a claim whose worker is gone %s', ([, known, now, expected]) => {
  expect(inDoubtRecord(claim, { terms: known, now, jitter: 0.5 })).toEqual({ ...facts, ...expected });
});

test.for<[what: string, orphanedForMs: number, queueEmptyForMs: number | undefined, may: boolean]>([
  ['its last outcome may be under way', 4999, 60_000, false],
  ['nothing is under way any more', 10_000, 10_000, true],
  ['the recorder is behind', 60_000, undefined, false],
  ['the recorder has only just taken what was there', 60_000, 4999, false],
  ['nobody records: not for ever', 600_000, undefined, true],
])('called in doubt? %s', ([, orphanedForMs, queueEmptyForMs, may]) => {
  expect(mayCallInDoubt({ orphanedForMs, queueEmptyForMs })).toBe(may);
});
