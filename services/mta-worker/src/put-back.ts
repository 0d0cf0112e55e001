import { setTimeout as wait } from 'node:timers/promises';
import {
  parkWork,
  returnClaims,
  settleRefusedClaims,
  type AttemptKey,
  type ClaimKey,
  type Database,
  type ParkedMessage,
} from '@mxflow/db';
import type { Logger } from '@mxflow/telemetry';
import { gather } from './gather.ts';
import type { ClaimedWork, LaneMessage } from './lane-message.ts';
import type { OutcomeDesk } from './outcome-desk.ts';

/** Until when a message waits, and what `why` and the log are to say. */
export type HowParked = Pick<ParkedMessage, 'delayMs' | 'reason' | 'lastReply'>;

/**
 * The ways in which a message leaves this worker unsent. Each resolves when it is durable, and is tried until it is:
 * while Postgres is away messages wait here.
 */
export type PutBack = {
  /** Released and not claimed: waits again. */
  readonly park: (message: LaneMessage, how: HowParked) => Promise<void>;
  /** Claimed, and not one octet sent: waits again, the attempt is not used up. */
  readonly giveBack: (message: ClaimedWork, how: HowParked) => Promise<void>;
  /** Its claim was refused. */
  readonly settleRefused: (message: LaneMessage) => Promise<void>;
};

const MAX_BATCH = 500;
const RETRY_MS = 500;

export type PutBackOptions = {
  readonly database: Database;
  readonly desk: OutcomeDesk;
  readonly currentEpoch: () => number;
  readonly logger: Logger;
  /** No further try once it is aborted. */
  readonly signal: AbortSignal;
};

export function createPutBack({ database, desk, currentEpoch, logger, signal }: PutBackOptions): PutBack {
  const untilDurable = <Item>(act: (items: readonly Item[]) => Promise<unknown>): ((item: Item) => Promise<void>) =>
    gather<Item, void>(
      async (items) => {
        for (;;) {
          try {
            await act(items);
            return [];
          } catch (err) {
            if (signal.aborted) throw err;
            logger.warn({ err, messages: items.length }, 'putting messages back failed, trying again');
            await wait(RETRY_MS);
          }
        }
      },
      { maxBatch: MAX_BATCH },
    );
  const park = untilDurable((messages: readonly ParkedMessage[]) => parkWork(database, messages));
  const returnClaim = untilDurable((messages: readonly (ParkedMessage & ClaimKey)[]) =>
    returnClaims(database, currentEpoch(), messages),
  );
  const settleRefused = untilDurable((keys: readonly AttemptKey[]) => settleRefusedClaims(database, keys));
  return {
    park: async ({ messageId, attempt, settle }, how) => {
      await park({ messageId, attempt, ...how });
      settle();
    },
    giveBack: async ({ lane, claimedAt }, how) => {
      const { messageId, attempt } = lane;
      await returnClaim({ messageId, attempt, claimedAt, ...how });
      desk.released(lane);
      lane.settle();
    },
    settleRefused: async ({ messageId, attempt, settle }) => {
      await settleRefused({ messageId, attempt });
      settle();
    },
  };
}
