import { setTimeout as wait } from 'node:timers/promises';
import {
  parkWork,
  returnClaims,
  settleRefusedClaims,
  type AttemptKey,
  type Database,
  type ParkedMessage,
} from '@mxflow/db';
import type { Logger } from '@mxflow/telemetry';
import { gather } from './gather.ts';

/**
 * The ways in which a message leaves this worker unsent. Each resolves when it is durable, and is tried until it is:
 * while Postgres is away messages wait here.
 */
export type PutBack = {
  /** Released and not claimed: waits again. */
  readonly park: (message: ParkedMessage) => Promise<void>;
  /** Claimed, and not one octet sent: waits again, the attempt is not used up. */
  readonly returnClaim: (message: ParkedMessage) => Promise<void>;
  /** Its claim was refused. */
  readonly settleRefused: (key: AttemptKey) => Promise<void>;
};

const MAX_BATCH = 500;
const RETRY_MS = 500;

export type PutBackOptions = {
  readonly database: Database;
  readonly currentEpoch: () => number;
  readonly logger: Logger;
  /** No further try once it is aborted. */
  readonly signal: AbortSignal;
};

export function createPutBack({ database, currentEpoch, logger, signal }: PutBackOptions): PutBack {
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
  return {
    park: untilDurable((messages: readonly ParkedMessage[]) => parkWork(database, messages)),
    returnClaim: untilDurable((messages: readonly ParkedMessage[]) => returnClaims(database, currentEpoch(), messages)),
    settleRefused: untilDurable((keys: readonly AttemptKey[]) => settleRefusedClaims(database, keys)),
  };
}
