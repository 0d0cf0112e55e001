import { expect, test } from 'vitest';

import { gatherEvidence } from './evidence.ts';
import { AMPLE, violationsOf } from './limits.ts';
import { providers, recipientsAt } from './providers.ts';
import { untilAccepted } from './until.ts';
import { startWorld } from './world.ts';

const MESSAGES = 4500;

/** Fewer than the workers: they must take turns. */
const MAX_CONNECTIONS = 5;

test(
  'workers are scaled from one to eight and back to two amid 4,500 messages, within the limits: nothing is in doubt',
  { timeout: 240_000 },
  async () => {
    const specs = providers(8, { replyDelayMs: 10 });
    await using world = await startWorld({
      providers: specs,
      workers: 1,
      rules: [{ maxConnections: MAX_CONNECTIONS }],
    });
    const { stack } = world;
    const campaign = await world.post(recipientsAt(specs, MESSAGES));
    await untilAccepted(world, 200);
    await Promise.all(Array.from({ length: 7 }, () => stack.addWorker()));
    await untilAccepted(world, world.accepted() + 500);
    await Promise.all(stack.workers.slice(0, 6).map((worker) => worker.kill('SIGTERM')));
    expect(world.accepted()).toBeLessThan(MESSAGES);
    await campaign.untilFinished({ limitMs: 150_000 });

    const evidence = await gatherEvidence(world, campaign);
    expect(evidence.faults).toEqual([]);
    expect(await violationsOf(world, { ...AMPLE, maxConnections: MAX_CONNECTIONS })).toEqual([]);
    expect(evidence).toMatchObject({ statuses: { sent: MESSAGES }, inDoubt: 0, twice: [] });
    const workers = await world.query<{ stopped: boolean; fenced: boolean }>(
      'SELECT stopped_at IS NOT NULL AS stopped, fenced_at IS NOT NULL AS fenced FROM workers ORDER BY stopped DESC',
    );
    expect(workers).toEqual([
      ...Array.from({ length: 6 }, () => ({ stopped: true, fenced: false })),
      ...Array.from({ length: 2 }, () => ({ stopped: false, fenced: false })),
    ]);
  },
);
