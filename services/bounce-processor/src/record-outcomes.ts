import { readRetryTerms, recordOutcomes, type Database, type RecordedOutcome } from '@mxflow/db';
import { jobNumberOf, type MessageId } from '@mxflow/domain';
import { done, type ConsumedMessage, type Verdict } from '@mxflow/messaging';
import type { RecorderEvents } from './events.ts';
import { recordOf } from './outcome-record.ts';

/** Records a batch of outcomes in one transaction; then, and only then, the broker may forget them. */
export function createOutcomeRecorder(
  database: Database,
  events: RecorderEvents,
): (messages: readonly ConsumedMessage<'outcomes'>[]) => Promise<readonly Verdict[]> {
  return async (messages) => {
    const startedMs = performance.now();
    const jobNumbers = new Set(messages.map(({ body }) => jobNumberOf(body.messageId as MessageId)));
    const { now, terms } = await readRetryTerms(database, [...jobNumbers]);
    const records = messages.map((message): RecordedOutcome => {
      const jobNumber = jobNumberOf(message.body.messageId as MessageId);
      return recordOf(message, { terms: terms.get(jobNumber), now, jitter: Math.random() });
    });
    const transitions = await recordOutcomes(database, records);
    events.recorded(records, transitions, performance.now() - startedMs);
    return messages.map(() => done);
  };
}
