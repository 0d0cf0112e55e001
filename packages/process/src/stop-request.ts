import type { Logger } from '@mxflow/telemetry';

/** Why a process stops. */
export type StopReason =
  | { readonly kind: 'signal'; readonly name: 'SIGINT' | 'SIGTERM' }
  /** The launcher that held our standard input is gone. */
  | { readonly kind: 'stdin-ended' }
  /** Nobody caught it: the program is broken, what it held is given back as well as may be. */
  | { readonly kind: 'uncaught'; readonly error: unknown };

export type StopRequest = Disposable & {
  /** Aborted at the first reason to stop. */
  readonly signal: AbortSignal;
  /** Resolves with the first reason to stop. */
  readonly reason: Promise<StopReason>;
};

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Listens for reasons to stop: `running ──first──▶ stopping ──second signal──▶ gone at once`.
 * What is thrown uncaught while stopping is logged and changes nothing else.
 */
export function listenForStop(logger: Logger, options: { readonly withStdin: boolean }): StopRequest {
  const controller = new AbortController();
  const { promise: reason, resolve } = Promise.withResolvers<StopReason>();
  const stop = (found: StopReason): void => {
    resolve(found);
    controller.abort();
  };
  const onSignal = (name: NodeJS.Signals): void => {
    const known = name === 'SIGINT' ? 'SIGINT' : 'SIGTERM';
    // The deadline is for work in progress; whoever asks twice has decided against it.
    if (controller.signal.aborted) process.exit(128 + SIGNALS[known]);
    stop({ kind: 'signal', name: known });
  };
  const onUncaught = (error: unknown): void => {
    logger.fatal({ err: error }, 'uncaught error');
    process.exitCode = 1;
    stop({ kind: 'uncaught', error });
  };
  const onStdinEnd = (): void => stop({ kind: 'stdin-ended' });
  const listeners = new DisposableStack();
  listeners.use(listen(process, Object.keys(SIGNALS), onSignal));
  listeners.use(listen(process, ['uncaughtException', 'unhandledRejection'], onUncaught));
  if (options.withStdin) {
    listeners.use(listen(process.stdin, ['end', 'close', 'error'], onStdinEnd));
    listeners.defer(() => process.stdin.destroy());
    process.stdin.resume();
  }
  return { signal: controller.signal, reason, [Symbol.dispose]: () => listeners.dispose() };
}

function listen<A extends unknown[]>(
  emitter: NodeJS.EventEmitter,
  events: readonly string[],
  listener: (...args: A) => void,
): Disposable {
  for (const event of events) emitter.on(event, listener as (...args: unknown[]) => void);
  return {
    [Symbol.dispose]: () => {
      for (const event of events) emitter.off(event, listener as (...args: unknown[]) => void);
    },
  };
}
