import { requeueUnclaimed, type Database } from '@mxflow/db';
import type { MessageId } from '@mxflow/domain';
import { done, type ConsumedMessage, type Verdict } from '@mxflow/messaging';

/**
 * Lane messages that the broker handed out twice: those that nobody claimed are due at once, and fed again. What is
 * claimed is left to its worker, what is settled is settled.
 */
export function createRequeuer(
  database: Database,
  onWork: () => void,
): (messages: readonly ConsumedMessage<'redelivered'>[]) => Promise<readonly Verdict[]> {
  return async (messages) => {
    await requeueUnclaimed(
      database,
      messages.map(({ body }) => body.messageId as MessageId),
    );
    onWork();
    return messages.map(() => done);
  };
}
