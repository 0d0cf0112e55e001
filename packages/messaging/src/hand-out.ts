import type { Activity } from './activity.ts';
import type { Delivery } from './delivery.ts';
import { MAX_LATER_MS, type Verdict } from './verdict.ts';

/** Something that takes deliveries and sees to it that each is settled in the end. */
export type HandOut = {
  take(delivery: Delivery): void;
  /** Takes up nothing more that waits. */
  halt(): void;
};

export type SingleOptions = {
  readonly handler: (delivery: Delivery) => Promise<Verdict>;
  readonly onThrow: (error: unknown) => void;
  /** Counts the handlers that have not given their verdict. */
  readonly activity: Activity;
};

/**
 * Held longer than this by one `later` after another, a message is put back at the end of its queue: an unacknowledged
 * one keeps the broker from trimming its log, and after half an hour the broker would close the channel.
 */
const MAX_HELD_MS = 600_000;

/** Carries out a verdict. `again` hands the delivery out anew after a wait. */
export function carryOut(
  delivery: Delivery,
  verdict: Verdict,
  again: (delivery: Delivery, delayMs: number) => void,
): void {
  switch (verdict.kind) {
    case 'done':
      delivery.acknowledge();
      return;
    case 'park':
      void delivery.park(verdict.reason);
      return;
    case 'later':
      if (Date.now() - delivery.takenAt > MAX_HELD_MS) void delivery.putBack();
      else again(delivery, Math.min(MAX_LATER_MS, Math.max(0, verdict.delayMs)));
      return;
  }
}

/** What a throw means: it could not be told, so later, half a second doubling to a minute. */
export function verdictOfThrow(delivery: Delivery): Verdict {
  delivery.throws += 1;
  return { kind: 'later', delayMs: Math.min(MAX_LATER_MS, 500 * 2 ** Math.min(delivery.throws - 1, 10)) };
}

/** Runs the handler for each delivery at once: the prefetch bounds how many. */
export function handOutSingly({ handler, onThrow, activity }: SingleOptions): HandOut {
  const waiting = new Waiting(take);

  function take(delivery: Delivery): void {
    if (!delivery.alive()) return;
    activity.begin(1);
    void handle(delivery);
  }

  async function handle(delivery: Delivery): Promise<void> {
    const verdict = await verdictOf(delivery);
    carryOut(delivery, verdict, waiting.add);
    activity.end(1);
  }

  async function verdictOf(delivery: Delivery): Promise<Verdict> {
    try {
      return await handler(delivery);
    } catch (error) {
      onThrow(error);
      return verdictOfThrow(delivery);
    }
  }

  return { take, halt: () => waiting.halt() };
}

/** Deliveries that are to be handed out again after a wait. */
export class Waiting {
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #take: (delivery: Delivery) => void;
  #halted = false;

  constructor(take: (delivery: Delivery) => void) {
    this.#take = take;
  }

  readonly add = (delivery: Delivery, delayMs: number): void => {
    if (this.#halted) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#take(delivery);
    }, delayMs);
    this.#timers.add(timer);
  };

  halt(): void {
    this.#halted = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
