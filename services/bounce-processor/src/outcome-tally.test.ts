import { expect, test } from 'vitest';

import type { RecordedOutcome } from '@mxflow/db';
import type { MessageId } from '@mxflow/domain';

import { tallyOf } from './outcome-tally.ts';

const outcome = (status: RecordedOutcome['status'], inDoubt = false): RecordedOutcome => ({
  messageId: '1' as MessageId,
  attempt: 1,
  status,
  inDoubt,
});

test('what made no transition is stale, under its own outcome', () => {
  const records = [outcome('sent'), outcome('sent'), outcome('failed'), outcome('deferred', true), outcome('deferred')];
  const transitions = [
    { jobNumber: '1', before: 'pending', status: 'sent', messages: 1, inDoubt: 0 },
    { jobNumber: '1', before: 'pending', status: 'deferred', messages: 2, inDoubt: 1 },
  ] as const;
  expect(tallyOf(records, transitions)).toEqual([
    { outcome: 'sent', transition: 'applied', count: 1 },
    { outcome: 'sent', transition: 'stale', count: 1 },
    { outcome: 'deferred', transition: 'applied', count: 1 },
    { outcome: 'failed', transition: 'stale', count: 1 },
    { outcome: 'in_doubt', transition: 'applied', count: 1 },
  ]);
});
