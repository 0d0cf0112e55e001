import { Worker } from 'node:worker_threads';

import type { RuleSetFault } from '@mxflow/contracts';
import { ProblemError } from '@mxflow/http-api';

import type { HubEvents } from './events.ts';

/** Holds drafts against schema, patterns and examples, beside the thread that serves clients. */
export type Checker = {
  /** What is wrong with a content, as JSON; `[]` where it may be published. One after the other. */
  readonly check: (content: string) => Promise<readonly RuleSetFault[]>;
};

export type CheckerOptions = {
  readonly events: Pick<HubEvents, 'checked' | 'checkGivenUp'>;
  /** One check may take so long: a rule set that needs more would hold up every client for as long. */
  readonly limitMs?: number;
  /** And so much memory. */
  readonly memoryMb?: number;
};

/** What a document of it, signed, leaves of the octets that a client reads. */
export const MAX_CONTENT_OCTETS = 14_000_000;
const LIMIT_MS = 120_000;
const MEMORY_MB = 512;
/** Editors are few: more than so many checks at once are a mistake. */
const MOST_WAITING = 4;
const RETRY_SECONDS = 10;

export function createChecker({ events, limitMs = LIMIT_MS, memoryMb = MEMORY_MB }: CheckerOptions): Checker {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return {
    check: async (content) => {
      if (waiting >= MOST_WAITING) throw new ProblemError('too-many', { retryAfterSeconds: RETRY_SECONDS });
      waiting += 1;
      const turn = last.then(async () => {
        const startedMs = performance.now();
        const checked = await checkOne(content, { limitMs, memoryMb });
        if (checked.kind === 'given-up') events.checkGivenUp(checked.faults[0]?.found ?? '');
        else events.checked(checked.faults.length, performance.now() - startedMs);
        return checked.faults;
      });
      last = turn.catch(() => undefined);
      try {
        return await turn;
      } finally {
        waiting -= 1;
      }
    },
  };
}

type Checked = { readonly kind: 'checked' | 'given-up'; readonly faults: readonly RuleSetFault[] };
type Bounds = { readonly limitMs: number; readonly memoryMb: number };

async function checkOne(content: string, { limitMs, memoryMb }: Bounds): Promise<Checked> {
  if (Buffer.byteLength(content) > MAX_CONTENT_OCTETS) {
    return givenUp(`at most ${MAX_CONTENT_OCTETS} octets`, `${Buffer.byteLength(content)}`);
  }
  const thread = new Worker(new URL('./check-thread-main.ts', import.meta.url), {
    workerData: content,
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
    env: {},
    execArgv: [],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Checked>();
  const timer = setTimeout(() => resolve(givenUp(`a check within ${limitMs} ms`, 'more')), limitMs);
  thread.once('message', (faults: readonly RuleSetFault[]) => resolve({ kind: 'checked', faults }));
  thread.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') resolve(givenUp(`a check within ${memoryMb} MB`, 'more'));
    else reject(error);
  });
  thread.once('exit', (code) => reject(new Error(`expected faults or none, the thread ended with ${code}`)));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    await thread.terminate();
  }
}

function givenUp(expected: string, found: string): Checked {
  return { kind: 'given-up', faults: [{ pointer: '', expected, found }] };
}
