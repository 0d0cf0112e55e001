import type { OutcomeMessage, AttemptFacts } from './attempt-outcome.ts';
import type { Claim } from './claim-desk.ts';
import type { ClaimedWork, LaneMessage } from './lane-message.ts';
import type { OutcomeDesk } from './outcome-desk.ts';
import type { PutBack } from './put-back.ts';

/** Decides the outcome of a claimed message that needs no connection. */
export type AnswerOffline = (message: ClaimedWork, facts: AttemptFacts) => Promise<OutcomeMessage>;

/** Messages whose outcome is known without asking a server: simulated ones, and those to domains that take no mail. */
export type Offline = {
  add(message: LaneMessage, answer: AnswerOffline): void;
  /** Takes nothing more; resolves when what is under way has ended. What waits goes back. */
  stop(): Promise<void>;
};

export type OfflineOptions = {
  readonly claim: Claim;
  readonly desk: OutcomeDesk;
  readonly putBack: PutBack;
  readonly onFault: (error: unknown) => void;
};

/** Messages under way at once. */
const LANES = 8;

export function createOffline({ claim, desk, putBack, onFault }: OfflineOptions): Offline {
  const waiting: { readonly message: LaneMessage; readonly answer: AnswerOffline }[] = [];
  const running = new Set<Promise<void>>();
  let stopping = false;

  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      while (!desk.mayStart() && !stopping) await desk.untilRoom();
      if (stopping) await putBack.park(next.message, { delayMs: 0, reason: 'worker-stopping' });
      else await process(next.message, next.answer);
    }
  };

  const process = async (message: LaneMessage, answer: AnswerOffline): Promise<void> => {
    const { messageId, attempt } = message;
    let claimed: ClaimedWork | undefined;
    let outcome: OutcomeMessage;
    try {
      claimed = await claim(message);
      if (claimed === undefined) return await putBack.settleRefused(message);
      outcome = await answer(claimed, { messageId, attempt, at: Date.now() });
    } catch (error) {
      onFault(error);
      if (claimed === undefined) return await putBack.park(message, FAULT);
      return await putBack.giveBack(claimed, FAULT);
    }
    await desk.report(outcome, message).catch(onFault);
  };

  return {
    add: (message, answer) => {
      waiting.push({ message, answer });
      if (running.size >= LANES) return;
      const run = work().finally(() => running.delete(run));
      running.add(run);
    },
    stop: async () => {
      stopping = true;
      await Promise.all(running);
    },
  };
}

const FAULT = { delayMs: 1000, reason: 'worker-fault' };
