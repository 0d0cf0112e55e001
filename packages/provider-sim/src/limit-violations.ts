import type { ScopeAnalysis } from './analyse.ts';

/** What a provider allows within one scope. */
export type ProviderLimits = {
  readonly maxConnections: number;
  readonly maxMessagesPerConnection: number;
  readonly messagesPerHour: number;
};

/** Windows that an analysis must be made with to be held against limits. */
export const LIMIT_WINDOWS_MS = [1000, 10_000, 60_000] as const;

/**
 * What was seen above the limits, a sentence each: connections from SYN to the provider's own end of it, messages on a
 * connection, and messages in any window. A burst of 1.2 % and what an hour's figure refills in a window is the most
 * that it may hold: what holds for these windows makes the hour right.
 */
export function limitViolations(seen: ScopeAnalysis, limits: ProviderLimits): readonly string[] {
  const burst = Math.max(1, Math.floor(limits.messagesPerHour * 0.012));
  const most = (windowMs: number): number => burst + Math.ceil((limits.messagesPerHour * windowMs) / 3_600_000);
  return [
    ...above('connections at once', seen.maxConnections, limits.maxConnections),
    ...above('messages on a connection', seen.maxMessagesPerConnection, limits.maxMessagesPerConnection),
    ...LIMIT_WINDOWS_MS.flatMap((windowMs) =>
      above(`messages in ${windowMs} ms`, seen.peakMessages[windowMs] ?? 0, most(windowMs)),
    ),
  ];
}

function above(what: string, found: number, most: number): readonly string[] {
  return found > most ? [`${found} ${what}, allowed ${most}`] : [];
}
