import type { Backlog } from '@mxflow/db';

import { servedKey, type LastServed } from './allocate.ts';

/** Keeps who was last given something, the newest; whoever is forgotten counts as waiting longest. */
export type ServedRegister = LastServed & { note(backlogs: readonly Backlog[]): void };

const MAX_REMEMBERED = 50_000;

export function createServedRegister(maxRemembered = MAX_REMEMBERED): ServedRegister {
  const served = new Map<string, number>();
  let turn = 0;
  const note = (backlogs: readonly Backlog[]): void => {
    turn += 1;
    for (const backlog of backlogs) {
      for (const key of [servedKey.job(backlog), servedKey.pair(backlog)]) {
        // Put at the end, so that the oldest stand at the beginning.
        served.delete(key);
        served.set(key, turn);
      }
    }
    for (const key of served.keys()) {
      if (served.size <= maxRemembered) break;
      served.delete(key);
    }
  };
  return Object.assign(served, { note });
}
