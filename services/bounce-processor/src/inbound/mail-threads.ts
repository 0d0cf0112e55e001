import type { BounceRule } from '@mxflow/domain';

import type { InboundEvents } from './events.ts';
import { MailThread, type Reading } from './mail-thread.ts';
import type { ReadMail } from './read-mail.ts';

/** Threads that read mail, so that no mail keeps the process from its other work. */
export type MailThreads = AsyncDisposable & {
  /** Reads a mail when a thread is free; throws the signal's reason where that is aborted before. */
  read(raw: Uint8Array, signal: AbortSignal): Promise<ReadOrNot>;
};

export type ReadOrNot =
  | { readonly kind: 'read'; readonly mail: ReadMail }
  | { readonly kind: 'unreadable'; readonly because: string };

export type MailThreadsOptions = {
  readonly threads: number;
  /** One mail may take so long; a busy machine gets a second try. */
  readonly limitMs: number;
  /** Those in force: the same list as long as they are the same. */
  readonly rules: () => readonly BounceRule[];
  readonly events: Pick<InboundEvents, 'read' | 'threadEnded'>;
};

const TRIES = 2;

export function startMailThreads(options: MailThreadsOptions): MailThreads {
  const all = Array.from({ length: options.threads }, () => new MailThread());
  const idle = [...all];
  const waiting: ((thread: MailThread) => void)[] = [];
  const free = (thread: MailThread): void => {
    const next = waiting.shift();
    if (next === undefined) idle.push(thread);
    else next(thread);
  };
  const take = (): MailThread | Promise<MailThread> =>
    idle.pop() ?? new Promise<MailThread>((resolve) => void waiting.push(resolve));
  return {
    read: async (raw, signal) => {
      const thread = await take();
      try {
        signal.throwIfAborted();
        return await readPatiently(thread, raw, options);
      } finally {
        free(thread);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(all.map((thread) => thread[Symbol.asyncDispose]()));
    },
  };
}

async function readPatiently(thread: MailThread, raw: Uint8Array, options: MailThreadsOptions): Promise<ReadOrNot> {
  const { limitMs, rules, events } = options;
  let because = '';
  for (let tries = 0; tries < TRIES; tries += 1) {
    const startedMs = performance.now();
    const reading: Reading = await thread.read(raw, rules(), limitMs);
    switch (reading.kind) {
      case 'read':
        events.read(performance.now() - startedMs);
        return reading;
      case 'too-long':
        events.threadEnded('too_long');
        because = `reading it took longer than ${limitMs} ms`;
        break;
      case 'broken':
        events.threadEnded('broken', reading.error);
        because = 'reading it broke off';
    }
  }
  return { kind: 'unreadable', because };
}
