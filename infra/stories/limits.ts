import { analyse, LIMIT_WINDOWS_MS, limitViolations, readReferee, type ProviderLimits } from '@mxflow/provider-sim';

import type { World } from './world.ts';

export { AMPLE } from '../stack/index.ts';
export type Limits = ProviderLimits;

/** So little that it binds at once. */
export const STRICT: Limits = { maxConnections: 6, maxMessagesPerConnection: 5, messagesPerHour: 90_000 };

/** What providers saw above the limits of a path, from their own record. */
export async function violationsOf(world: World, limits: Limits): Promise<readonly string[]> {
  world.sims.referee.flush();
  const { scopes } = await analyse(readReferee(world.refereeFile), { windowsMs: LIMIT_WINDOWS_MS });
  return Object.entries(scopes['path'] ?? {}).flatMap(([name, seen]) =>
    limitViolations(seen, limits).map((fault) => `${name}: ${fault}`),
  );
}

/** What is above limits in a span: messages that start while more connections carry some than they allow, and their number. */
export async function aboveIn(
  world: World,
  limits: Limits,
  { kind, from, to }: { readonly kind: 'path' | 'provider'; readonly from: number; readonly to: number },
): Promise<readonly string[]> {
  world.sims.referee.flush();
  const starting = new Map<string, Set<number>>();
  for await (const event of readReferee(world.refereeFile)) {
    if (event.e !== 'mail' || event.t < from || event.t >= to) continue;
    const scope = kind === 'path' ? `${event.src} ${event.dst}` : `${event.src} ${event.srv}`;
    // In each quarter of a second: more connections than allowed that start messages would be open at once.
    const key = `${scope} ${Math.floor((event.t - from) / SLICE_MS)}`;
    starting.set(key, (starting.get(key) ?? new Set()).add(event.c));
  }
  // A slice may see a connection end and its successor start.
  const crowded = [...starting].filter(([, connections]) => connections.size > limits.maxConnections * 2);
  const { scopes } = await analyse(readReferee(world.refereeFile), { fromMs: from, toMs: to });
  const most = limits.messagesPerHour * 0.012 + (limits.messagesPerHour * (to - from)) / 3_600_000 + 1;
  const many = Object.entries(scopes[kind] ?? {}).filter(([, { messagesInSpan }]) => messagesInSpan > most);
  const full = Object.entries(scopes[kind] ?? {}).filter(
    ([, { meanConnections }]) => meanConnections > limits.maxConnections,
  );
  return [
    ...crowded.map(([key, connections]) => `${key}: ${connections.size} connections start messages`),
    ...many.map(([key, { messagesInSpan }]) => `${key}: ${messagesInSpan} messages, at most ${most}`),
    ...full.map(([key, { meanConnections }]) => `${key}: ${meanConnections} connections on average`),
  ];
}

const SLICE_MS = 250;

/** By the clock of the referee. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
