import { renewReceiver, type Database, type ReceivedJob } from '@mxflow/db';

export type HeldReceiver = Disposable & {
  /** True once another post has taken the job over: nothing more of it can be stored. */
  readonly isLost: () => boolean;
};

/** Keeps the lease of a job in hand while its client is slow; chunks renew it besides. */
export function holdReceiver(database: Database, job: ReceivedJob): HeldReceiver {
  let isLost = false;
  let inHand = false;
  const renew = async (): Promise<void> => {
    if (inHand) return;
    inHand = true;
    try {
      isLost ||= !(await renewReceiver(database, job));
    } catch {
      // A database that is away is reported by the chunk that cannot be stored; the lease may run out meanwhile.
    } finally {
      inHand = false;
    }
  };
  const timer = setInterval(() => void renew(), (job.leaseSeconds * 1000) / 3);
  return { isLost: () => isLost, [Symbol.dispose]: () => clearInterval(timer) };
}
