import { setTimeout as wait } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { aboveIn, nowMs, violationsOf, type Limits } from './limits.ts';
import { provider, recipientsAt } from './providers.ts';
import { untilAccepted } from './until.ts';
import { startWorld, type World } from './world.ts';

const WIDE: Limits = { maxConnections: 12, maxMessagesPerConnection: 20, messagesPerHour: 180_000 };
const NARROW: Limits = { maxConnections: 4, maxMessagesPerConnection: 10, messagesPerHour: 90_000 };
/** More than the limits let through while the story lasts. */
const MESSAGES = 6000;
/** Within so long every worker goes by a change. */
const FOLLOWED_WITHIN_MS = 5000;

test(
  'level and rules change, a scope is shared and parted, under load: from 5 s after nothing is above the limits',
  { timeout: 240_000 },
  async () => {
    const specs = [
      {
        ...provider('strict', '127.42.0.1', { replyDelayMs: 30 }),
        mxHosts: [1, 2].map((number) => ({
          host: `mx${number}.strict.test`,
          preference: 10,
          addresses: [`127.42.0.${number}`],
        })),
      },
    ];
    await using world = await startWorld({
      providers: specs,
      workers: 3,
      rules: [{ ...WIDE, levels: { slow: NARROW } }],
    });
    await world.post(recipientsAt(specs, MESSAGES));
    await untilAccepted(world, 300);

    const narrowFrom = await setLevel(world, 'slow');
    await wait(6000);
    await untilAccepted(world, world.accepted() + 50);
    const narrowTo = nowMs();
    const sharedFrom = await change(world, [{ ...NARROW, id: 'strict', mask: '*.strict.test', shared: true }, {}]);
    await wait(6000);
    await untilAccepted(world, world.accepted() + 50);
    const sharedTo = nowMs();
    await change(world, [WIDE]);
    await untilAccepted(world, world.accepted() + 200);

    // Whatever changed in between, nothing was ever above the widest rule, nor was a budget fresh.
    expect(await violationsOf(world, WIDE)).toEqual([]);
    expect(await aboveIn(world, NARROW, { kind: 'path', from: narrowFrom, to: narrowTo })).toEqual([]);
    expect(await aboveIn(world, NARROW, { kind: 'provider', from: sharedFrom, to: sharedTo })).toEqual([]);
    expect(world.accepted()).toBeLessThan(MESSAGES);
  },
);

/** Chooses a level over the API; resolves when every worker must go by it. */
async function setLevel({ stack }: World, level: string): Promise<number> {
  const headers = { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' };
  const response = await fetch(`${stack.api}/v1/level`, { method: 'PUT', headers, body: JSON.stringify({ level }) });
  expect(response.ok, await response.text()).toBe(true);
  await wait(FOLLOWED_WITHIN_MS);
  return nowMs();
}

/** Puts rules in force; resolves when every worker must go by them. */
async function change(world: World, rules: Parameters<World['stack']['setRules']>[0]): Promise<number> {
  await world.stack.setRules(rules);
  await wait(FOLLOWED_WITHIN_MS);
  return nowMs();
}
