import { analyse, readReferee, type ScopeAnalysis } from '@mxflow/provider-sim';

import type { RuleInBrief } from '../stack/index.ts';

/** A rule whose limits bind, and how its scope is told in the referee's record. */
export type Limits = Required<Pick<RuleInBrief, 'maxConnections' | 'maxMessagesPerConnection' | 'messagesPerHour'>>;

/** What rules allow where a story gives none. */
export const AMPLE: Limits = { maxConnections: 10, maxMessagesPerConnection: 100, messagesPerHour: 50_000_000 };

const WINDOWS_MS = [1000, 10_000, 60_000] as const;

/**
 * What providers saw above the limits, from their own record: connections from SYN to their own end of it, messages a
 * connection, and messages in any window. A burst and what an hour's figure refills in a window is the most that it may
 * hold: what holds for these windows makes the hour right.
 */
export async function violationsOf(
  refereeFile: string,
  limits: Limits,
  scope: 'path' | 'provider' = 'path',
): Promise<readonly string[]> {
  const { scopes } = await analyse(readReferee(refereeFile), { windowsMs: WINDOWS_MS });
  return Object.entries(scopes[scope] ?? {}).flatMap(([name, seen]) =>
    faultsOf(seen, limits).map((fault) => `${name}: ${fault}`),
  );
}

function faultsOf(seen: ScopeAnalysis, limits: Limits): readonly string[] {
  const burst = Math.max(1, Math.floor(limits.messagesPerHour * 0.012));
  const most = (windowMs: number): number => burst + Math.ceil((limits.messagesPerHour * windowMs) / 3_600_000);
  return [
    ...above('connections at once', seen.maxConnections, limits.maxConnections),
    ...above('messages on a connection', seen.maxMessagesPerConnection, limits.maxMessagesPerConnection),
    ...WINDOWS_MS.flatMap((windowMs) =>
      above(`messages in ${windowMs} ms`, seen.peakMessages[windowMs] ?? 0, most(windowMs)),
    ),
  ];
}

function above(what: string, found: number, most: number): readonly string[] {
  return found > most ? [`${found} ${what}, allowed ${most}`] : [];
}
