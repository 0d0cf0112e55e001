import { setTimeout as wait } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { STRICT, violationsOf } from './limits.ts';
import { provider, recipientsAt } from './providers.ts';
import { until, untilAccepted } from './until.ts';
import { SHORT_LIFE, startWorld, type World } from './world.ts';

/** More than the limits let through while the story lasts. */
const MESSAGES = 5000;
/** A provider ends connections on which nothing is said sooner than we free those of a worker not proven dead. */
const PROVIDER_IDLE_MS = 8000;
const HOLD = '12s';
/** After a kill the capacity is back within so long. */
const BACK_WITHIN_MS = 15_000;

test(
  'workers are killed, frozen past their life, frozen past the hold, and ended by their watchdog: no limit is exceeded',
  { timeout: 300_000 },
  async () => {
    const specs = [provider('strict', '127.41.0.1', { replyDelayMs: 30, idleTimeoutMs: PROVIDER_IDLE_MS })];
    await using world = await startWorld({
      providers: specs,
      workers: 3,
      rules: [STRICT],
      settings: { ...SHORT_LIFE, MXFLOW_WATCHDOG: '0s', MXFLOW_LOST_WORKER_HOLD: HOLD },
    });
    await world.post(recipientsAt(specs, MESSAGES));
    await untilAccepted(world, 200);
    const [first, second, third] = world.stack.workers;

    // All three at once: nobody is left, and the new ones must wait until the old are proven dead.
    const killedAt = performance.now();
    await Promise.all([first?.kill(), second?.kill(), third?.kill()]);
    await Promise.all([first?.restart(), second?.restart(), third?.restart()]);
    const before = world.accepted();
    await until('mail flows again', () => world.accepted() - before, { is: (more) => more > 50, withinMs: 30_000 });
    expect(performance.now() - killedAt).toBeLessThan(BACK_WITHIN_MS + RESTART_MS);

    // Longer than a grant lives, and thawed before the hold is over: what it held is its own still, and void.
    first?.signal('SIGSTOP');
    await wait(7000);
    first?.signal('SIGCONT');
    await untilAccepted(world, world.accepted() + 100);

    // Thawed after the hold: others have its slots; the provider had closed its connections before that.
    second?.signal('SIGSTOP');
    await until('the frozen worker is fenced', () => fenced(world), { is: (count) => count > 3, withinMs: 40_000 });
    await untilAccepted(world, world.accepted() + 100);
    second?.signal('SIGCONT');
    await untilAccepted(world, world.accepted() + 100);

    expect(await violationsOf(world, STRICT)).toEqual([]);
    const twice = await world.query<{ twice: number }>(
      'SELECT count(*)::int AS twice FROM workers WHERE fenced_at IS NULL AND stopped_at IS NULL',
    );
    expect(twice).toEqual([{ twice: 3 }]);
  },
);

test('a frozen worker is ended by its watchdog, and its capacity is back', { timeout: 120_000 }, async () => {
  const specs = [provider('strict', '127.41.0.2', { replyDelayMs: 30 })];
  await using world = await startWorld({
    providers: specs,
    workers: 1,
    rules: [STRICT],
    settings: { ...SHORT_LIFE, MXFLOW_WATCHDOG: '5s' },
  });
  await world.post(recipientsAt(specs, MESSAGES / 2));
  await untilAccepted(world, 100);
  const [worker] = world.stack.workers;
  const pid = worker?.pid();
  worker?.signal('SIGSTOP');
  await until('the watchdog ended it', () => worker?.pid(), { is: (now) => now !== pid, withinMs: 30_000 });
  await untilAccepted(world, world.accepted() + 100);
  expect(await violationsOf(world, STRICT)).toEqual([]);
});

/** What starting three workers takes on a small machine. */
const RESTART_MS = 10_000;

async function fenced(world: World): Promise<number> {
  const [row] = await world.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM workers WHERE fenced_at IS NOT NULL',
  );
  return row?.count ?? 0;
}
