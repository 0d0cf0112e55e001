import { claimWork, type AttemptKey, type Database } from '@mxflow/db';
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
      const epoch = currentEpoch();
      using _asked = desk.asking(messages);
      const claimed = await claimWork(database, epoch, messages);
      // Fenced while the answer was on its way: what it claimed is in doubt by now, and somebody else's.
      if (currentEpoch() !== epoch) return messages.map(() => undefined);
      // By attempt: a late copy of an attempt that is over may lie beside the copy of the next one.
      const byAttempt = new Map(claimed.map((message) => [nameOf(message), message]));
      return messages.map((lane) => {
        const message = byAttempt.get(nameOf(lane));
        if (message === undefined) return undefined;
        // A second copy of the same attempt in this batch must not be sent as well.
        byAttempt.delete(nameOf(lane));
        desk.claimed(lane);
        return {
          lane,
          claimedAt: message.claimedAt,
          address: message.address,
          variables: message.variables ?? {},
        };
      });
    },
    { maxBatch: MAX_BATCH },
  );
}

function nameOf({ messageId, attempt }: AttemptKey): string {
  return `${messageId}/${attempt}`;
}
