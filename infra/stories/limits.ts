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
