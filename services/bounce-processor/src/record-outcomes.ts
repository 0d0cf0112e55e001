import { isUnstorable, readRetryTerms, recordOutcomes, type Database, type RecordedOutcome } from '@mxflow/db';
import { jobNumberOf, type MessageId } from '@mxflow/domain';
import { done, park, type ConsumedMessage, type Verdict } from '@mxflow/messaging';

import type { RecorderEvents } from './events.ts';
import { recordOf } from './outcome-record.ts';

type Outcomes = readonly ConsumedMessage<'outcomes'>[];

/**
 * Records a batch of outcomes in one transaction; then, and only then, the broker may forget them. An outcome that
 * cannot be stored is found by halving the batch, and set aside alone.
 */
export function createOutcomeRecorder(
  database: Database,
  events: RecorderEvents,
): (messages: Outcomes) => Promise<readonly Verdict[]> {
  return async function settle(messages): Promise<readonly Verdict[]> {
    try {
      await record(messages, database, events);
      return messages.map(() => done);
    } catch (error) {
      const [first] = messages;
      if (first === undefined || !isUnstorable(error)) throw error;
      if (messages.length === 1) {
        events.setAside(first.body.messageId, error);
        return [park('the outcome cannot be stored')];
      }
      const middle = messages.length >> 1;
      return [...(await settle(messages.slice(0, middle))), ...(await settle(messages.slice(middle)))];
    }
  };
}

async function record(messages: Outcomes, database: Database, events: RecorderEvents): Promise<void> {
  const startedMs = performance.now();
  const jobNumbers = new Set(messages.map(({ body }) => jobNumberOf(body.messageId as MessageId)));
  const { now, terms } = await readRetryTerms(database, [...jobNumbers]);
  const records = messages.map((message): RecordedOutcome => {
    const jobNumber = jobNumberOf(message.body.messageId as MessageId);
    return recordOf(message, { terms: terms.get(jobNumber), now, jitter: Math.random() });
  });
  const transitions = await recordOutcomes(database, records);
  events.recorded(records, transitions, performance.now() - startedMs);
}
