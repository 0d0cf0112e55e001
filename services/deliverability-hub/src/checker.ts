import type { RuleSetFault } from '@mxflow/contracts';
import { ProblemError } from '@mxflow/http-api';
import { askThread, type ThreadBounds } from '@mxflow/process';

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
async function checkOne(content: string, bounds: ThreadBounds): Promise<Checked> {
  if (Buffer.byteLength(content) > MAX_CONTENT_OCTETS) {
    return givenUp(`at most ${MAX_CONTENT_OCTETS} octets`, `${Buffer.byteLength(content)}`);
  }
  const module = new URL('./check-thread-main.ts', import.meta.url);
  const checked = await askThread<readonly RuleSetFault[]>(module, content, bounds);
  return checked.kind === 'answered'
    ? { kind: 'checked', faults: checked.answer }
    : givenUp(`a check ${checked.bound}`, 'more');
}

function givenUp(expected: string, found: string): Checked {
  return { kind: 'given-up', faults: [{ pointer: '', expected, found }] };
}
