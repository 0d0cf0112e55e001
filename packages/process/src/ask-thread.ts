import { Worker } from 'node:worker_threads';

/** What a thread may take; whoever asks stops it besides. */
export type ThreadBounds = {
  readonly limitMs: number;
  readonly memoryMb: number;
  readonly signal?: AbortSignal;
};

/** What a thread came to: its answer, or which of its bounds it would have passed. */
export type ThreadAnswer<Answer> =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'given-up'; readonly bound: string };

/**
 * Has a question answered by a thread of its own, so that what came from outside costs nobody else time or memory. The
 * module finds the question in `workerData` and posts its answer, as structured clones.
 */
export async function askThread<Answer>(
  module: URL,
  question: unknown,
  { limitMs, memoryMb, signal }: ThreadBounds,
): Promise<ThreadAnswer<Answer>> {
  signal?.throwIfAborted();
  const thread = new Worker(module, {
    workerData: question,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    env: {},
    execArgv: [],
  });
  // A process that has nothing else to do any more does not wait for it.
  thread.unref();
  const { promise, resolve, reject } = Promise.withResolvers<ThreadAnswer<Answer>>();
  const timer = setTimeout(() => resolve({ kind: 'given-up', bound: `within ${limitMs} ms` }), limitMs).unref();
  const stop = (): void => reject(signal?.reason as Error);
  signal?.addEventListener('abort', stop, { once: true });
  thread.once('message', (answer: Answer) => resolve({ kind: 'answered', answer }));
  thread.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve({ kind: 'given-up', bound: `within ${memoryMb} MB` });
    else reject(error);
  });
  thread.once('exit', (code) => reject(new Error(`expected an answer, the thread ended with ${code}`)));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    await thread.terminate();
  }
}
