import { claimWork, confirmClaims, type AttemptKey, type Database } from '@mxflow/db';
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
      const grantedAtMs = performance.now();
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
          grantedAtMs,
          address: message.address,
          variables: message.variables ?? {},
        };
      });
    },
    { maxBatch: MAX_BATCH },
  );
}

/** How old a claim may be when its message is sent: what was decided meanwhile counts within seconds. */
const FRESH_MS = 2000;

/** Whether a claimed message may be sent still. A claim that waited behind a slow message is asked for again. */
export function createClaimCheck(database: Database): (message: ClaimedWork) => Promise<boolean> {
  const ask = gather<ClaimedWork, boolean>(
    async (messages) => {
      const keys = messages.map(({ lane: { messageId, attempt }, claimedAt }) => ({ messageId, attempt, claimedAt }));
      const confirmed = new Set((await confirmClaims(database, keys)).map(nameOf));
      return keys.map((key) => confirmed.has(nameOf(key)));
    },
    { maxBatch: MAX_BATCH },
  );
  return async (message) => performance.now() - message.grantedAtMs < FRESH_MS || (await ask(message));
}

function nameOf({ messageId, attempt }: AttemptKey): string {
  return `${messageId}/${attempt}`;
}
