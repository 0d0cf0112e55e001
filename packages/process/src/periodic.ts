import type { Logger, PeriodicMetrics } from '@mxflow/telemetry';

export type PeriodicOptions = {
  /** Names the task in the log and in the metric of its failures. */
  readonly name: string;
  readonly logger: Logger;
  readonly metrics?: PeriodicMetrics;
  /** No further run starts once it is aborted. */
  readonly signal?: AbortSignal;
  /** Share of the interval by which a wait may be longer or shorter, 0 to 1. */
  readonly jitter?: number;
  /** Wait one interval before the first run instead of starting at once. */
  readonly waitFirst?: boolean;
  /** Uniform in [0, 1). */
  readonly random?: () => number;
};

export type Periodic = AsyncDisposable & {
  /** Makes the next run start at once, or right after the one in hand: for events that say there is work now. */
  wake(): void;
};

/** What a run says about the next one. */
export type PeriodicResult = void | {
  /** Ends this wait in place of the interval: 0 where more work is known to wait. */
  readonly nextInMs: number;
};

const DEFAULT_JITTER = 0.1;

/**
 * Runs `run` again and again, `intervalMs` from the end of one to the start of the next: runs never overlap.
 * A throw is logged and counted, and the next run comes as usual. Disposing aborts the signal that `run` gets and
 * waits for the run in hand.
 */
export function every(
  intervalMs: number,
  run: (signal: AbortSignal) => Promise<PeriodicResult>,
  options: PeriodicOptions,
): Periodic {
  const { jitter = DEFAULT_JITTER, random = Math.random, waitFirst = false } = options;
  const own = new AbortController();
  const signal = options.signal === undefined ? own.signal : AbortSignal.any([own.signal, options.signal]);
  const spread = (): number => intervalMs * (1 + jitter * (2 * random() - 1));
  const pause = createPause(signal);
  const loop = async (): Promise<void> => {
    if (waitFirst) await pause.wait(spread());
    while (!signal.aborted) {
      const result = await runOnce(run, signal, options);
      await pause.wait(result?.nextInMs ?? spread());
    }
  };
  const ended = loop();
  return {
    wake: pause.end,
    [Symbol.asyncDispose]: async () => {
      own.abort();
      await ended;
    },
  };
}

async function runOnce(
  run: (signal: AbortSignal) => Promise<PeriodicResult>,
  signal: AbortSignal,
  { name, logger, metrics }: PeriodicOptions,
): Promise<PeriodicResult> {
  try {
    return await run(signal);
  } catch (err) {
    // Stopping is what the signal was for: a run that throws because of it has not failed.
    if (signal.aborted) return undefined;
    logger.error({ err, loop: name }, 'periodic run failed');
    metrics?.failures.add(1, { loop: name });
    return undefined;
  }
}

type Pause = {
  /** Over after `ms`, on `end`, or on abort. An `end` outside a wait makes the next one pass at once. */
  readonly wait: (ms: number) => Promise<void>;
  readonly end: () => void;
};

function createPause(signal: AbortSignal): Pause {
  let isDue = signal.aborted;
  let finish: (() => void) | undefined;
  const end = (): void => {
    isDue = true;
    finish?.();
  };
  signal.addEventListener('abort', end, { once: true });
  const wait = async (ms: number): Promise<void> => {
    if (!isDue) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        finish = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      finish = undefined;
    } else {
      // Lets timers and sockets have their turn even when every run asks for the next at once.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    isDue = signal.aborted;
  };
  return { wait, end };
}
