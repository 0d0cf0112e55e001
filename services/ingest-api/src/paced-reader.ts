import type { Readable } from 'node:stream';

import { ClientGoneError } from './client-gone.ts';
import { ProblemError } from './problem.ts';

export type Pace = {
  /** How long a client may leave us waiting, in all, for each `minOctets`. Time in which we do not read is not counted. */
  readonly patienceMs: number;
  readonly minOctets: number;
};

/** The octets of a request, read only as fast as the caller takes them; a client that is too slow ends with 408. */
export async function* readPaced(request: Readable, { patienceMs, minOctets }: Pace): AsyncGenerator<Buffer> {
  // The request stays open when reading ends early: there is an answer to send.
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  let waitedMs = 0;
  let octets = 0;
  try {
    for (;;) {
      const askedAt = performance.now();
      const next = await withPatience(chunks.next(), patienceMs - waitedMs);
      if (next.done === true) return;
      waitedMs += performance.now() - askedAt;
      octets += next.value.length;
      if (octets >= minOctets) {
        waitedMs = 0;
        octets = 0;
      }
      yield next.value;
    }
  } finally {
    // Not awaited: behind a read that was given up it would wait for the client.
    chunks.return?.().catch(() => undefined);
  }
}

async function withPatience<T>(read: Promise<T>, leftMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ProblemError('too-slow')), Math.max(0, leftMs));
  });
  try {
    return await Promise.race([read.catch((cause: unknown) => Promise.reject(new ClientGoneError(cause))), late]);
  } finally {
    clearTimeout(timer);
  }
}
