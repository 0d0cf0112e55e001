import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  jobNumberOf,
  MAX_RECIPIENTS_PER_JOB,
  messageIdOf,
  messageIdRange,
  ordinalOf,
  parseMessageId,
} from './message-id.ts';

const anyJob = fc.bigInt({ min: 1n, max: 1n << 35n }).map(String);
const anyOrdinal = fc.nat(MAX_RECIPIENTS_PER_JOB - 1);

test('an id gives back its job and ordinal, and lies in the range of its job', () => {
  fc.assert(
    fc.property(anyJob, anyOrdinal, (jobNumber, ordinal) => {
      const id = messageIdOf(jobNumber, ordinal);
      expect([jobNumberOf(id), ordinalOf(id), parseMessageId(id)]).toEqual([jobNumber, ordinal, id]);
      const { first, last } = messageIdRange(jobNumber);
      expect(BigInt(id) >= BigInt(first) && BigInt(id) <= BigInt(last)).toBe(true);
    }),
  );
});

test.for(['', '0', '-1', '01', '1e3', ' 1', '9223372036854775808', '1.5', 'x'])('%o is no id', (text) => {
  expect(parseMessageId(text)).toBeUndefined();
});
