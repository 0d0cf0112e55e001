import type { Activity } from './activity.ts';
import type { Delivery } from './delivery.ts';
import { carryOut, verdictOfThrow, Waiting, type HandOut } from './hand-out.ts';
import type { Verdict } from './verdict.ts';

export type BatchOptions = {
  readonly maxBatch: number;
  /** How long the first message of a batch waits for company. */
  readonly maxWaitMs: number;
  readonly handler: (deliveries: readonly Delivery[]) => Promise<readonly Verdict[]>;
  readonly onThrow: (error: unknown) => void;
  /** Counts the messages of the batch that has no verdicts yet. */
  readonly activity: Activity;
};

/** Gathers deliveries and runs the handler for one batch at a time: when it is full, or its first message has waited long enough. */
export function handOutInBatches({ maxBatch, maxWaitMs, handler, onThrow, activity }: BatchOptions): HandOut {
  let gathered: Delivery[] = [];
  let busy = false;
  let halted = false;
  let timer: NodeJS.Timeout | undefined;
  const waiting = new Waiting(take);

  function take(delivery: Delivery): void {
    gathered.push(delivery);
    if (gathered.length >= maxBatch) startUnlessBusy();
    else timer ??= setTimeout(startUnlessBusy, maxWaitMs);
  }

  function startUnlessBusy(): void {
    if (busy || halted) return;
    clearTimeout(timer);
    timer = undefined;
    const alive = gathered.filter((delivery) => delivery.alive());
    const batch = alive.slice(0, maxBatch);
    gathered = alive.slice(maxBatch);
    if (batch.length > 0) void run(batch);
  }

  async function run(batch: readonly Delivery[]): Promise<void> {
    busy = true;
    activity.begin(batch.length);
    const verdicts = await verdictsOf(batch);
    for (const [index, delivery] of batch.entries()) {
      carryOut(delivery, verdicts[index] ?? verdictOfThrow(delivery), waiting.add);
    }
    activity.end(batch.length);
    busy = false;
    // What came in meanwhile has waited for this batch: that was wait enough.
    if (gathered.length > 0) startUnlessBusy();
  }

  async function verdictsOf(batch: readonly Delivery[]): Promise<readonly Verdict[]> {
    try {
      const verdicts = await handler(batch);
      if (verdicts.length !== batch.length) {
        throw new RangeError(`expected ${batch.length} verdicts, found ${verdicts.length}`);
      }
      return verdicts;
    } catch (error) {
      onThrow(error);
      return batch.map(verdictOfThrow);
    }
  }

  function halt(): void {
    halted = true;
    clearTimeout(timer);
    waiting.halt();
  }

  return { take, halt };
}
