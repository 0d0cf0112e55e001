import type { Readable } from 'node:stream';

import { ClientGoneError } from './client-gone.ts';
import { ProblemError } from './problem.ts';

export type Pace = {
  /** How long a client may leave us waiting, in all, for each `minOctets`. Time in which we do not read is not counted. */
  readonly patienceMs: number;
  readonly minOctets: number;
};

/**
 * The octets of a request, read only as fast as the caller takes them; a client that is too slow ends with 408. The
 * request stays open when reading ends early: there is an answer to send.
 */
export async function* readPaced(request: Readable, { patienceMs, minOctets }: Pace): AsyncGenerator<Buffer> {
  using change = watch(request);
  let waitedMs = 0;
  let octets = 0;
  for (;;) {
    const chunk = request.read() as Buffer | null;
    if (chunk !== null) {
      octets += chunk.length;
      if (octets >= minOctets) {
        waitedMs = 0;
        octets = 0;
      }
      yield chunk;
      continue;
    }
    if (request.readableEnded) return;
    if (request.destroyed) throw new ClientGoneError(request.errored);
    const askedAt = performance.now();
    if (!(await change.within(patienceMs - waitedMs))) throw new ProblemError('too-slow');
    waitedMs += performance.now() - askedAt;
  }
}

type Change = Disposable & {
  /** True once there is something to read, or nothing more ever will be; false where that took too long. */
  readonly within: (limitMs: number) => Promise<boolean>;
};

const CHANGES = ['readable', 'end', 'close', 'error'] as const;

/** One listener for a whole request: a promise a read, each raced against a timer, would fill the heap in long streams. */
function watch(request: Readable): Change {
  let settle: ((hasChanged: boolean) => void) | undefined;
  const onChange = (): void => settle?.(true);
  for (const name of CHANGES) request.on(name, onChange);
  return {
    within: (limitMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => settle?.(false), Math.max(0, limitMs));
        settle = (hasChanged) => {
          settle = undefined;
          clearTimeout(timer);
          resolve(hasChanged);
        };
      }),
    [Symbol.dispose]: () => {
      for (const name of CHANGES) request.off(name, onChange);
      // Whatever breaks from here on, nobody reads this request any more.
      request.on('error', () => undefined);
    },
  };
}
