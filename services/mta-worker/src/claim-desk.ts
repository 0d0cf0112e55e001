import { claimWork, type ClaimedMessage, type Database } from '@mxflow/db';
import type { MessageId } from '@mxflow/domain';
import { gather } from './gather.ts';
import type { ClaimedWork, LaneMessage } from './lane-message.ts';
import type { OutcomeDesk } from './outcome-desk.ts';

/** Claims a message; `undefined` where the claim was refused. Rejects while Postgres is away. */
export type Claim = (message: LaneMessage) => Promise<ClaimedWork | undefined>;

const MAX_BATCH = 100;

/** Gathers the claims of all paths into statements of many. */
export function createClaimDesk(options: {
  readonly database: Database;
  readonly desk: OutcomeDesk;
  readonly currentEpoch: () => number;
}): Claim {
  const { database, desk, currentEpoch } = options;
  return gather<LaneMessage, ClaimedWork | undefined>(
    async (messages) => {
      const claimed = await claimWork(database, currentEpoch(), messages);
      const byId = new Map<MessageId, ClaimedMessage>(claimed.map((message) => [message.messageId, message]));
      return messages.map((lane) => {
        const message = byId.get(lane.messageId);
        if (message === undefined) return undefined;
        // A second copy of the same message in this batch must not be sent as well.
        byId.delete(lane.messageId);
        desk.claimed(lane.messageId, lane.attempt);
        return { lane, address: message.address, variables: message.variables ?? {} };
      });
    },
    { maxBatch: MAX_BATCH },
  );
}
