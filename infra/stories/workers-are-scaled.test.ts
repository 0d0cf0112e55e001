import { expect, test } from 'vitest';

import { gatherEvidence } from './evidence.ts';
import { AMPLE, violationsOf } from './limits.ts';
import { providers, recipientsAt } from './providers.ts';
import { untilAccepted } from './until.ts';
import { startWorld } from './world.ts';

const MESSAGES = 3000;

test(
  'workers are scaled from one to three and back amid 3,000 messages: all are sent, nothing is in doubt',
  { timeout: 240_000 },
  async () => {
    const specs = providers(8, { replyDelayMs: 10 });
    await using world = await startWorld({
      providers: specs,
      workers: 1,
      rules: [{ maxConnections: 9 }],
    });
    const { stack } = world;
    const campaign = await world.post(recipientsAt(specs, MESSAGES));
    await untilAccepted(world, 200);
    await Promise.all([stack.addWorker(), stack.addWorker()]);
    await untilAccepted(world, world.accepted() + 500);
    await Promise.all(stack.workers.slice(0, 2).map((worker) => worker.kill('SIGTERM')));
    expect(world.accepted()).toBeLessThan(MESSAGES);
    await campaign.untilFinished({ limitMs: 150_000 });

    const evidence = await gatherEvidence(world, campaign);
    expect(evidence.faults).toEqual([]);
    expect(await violationsOf(world, { ...AMPLE, maxConnections: 9 })).toEqual([]);
    expect(evidence).toMatchObject({ statuses: { sent: MESSAGES }, inDoubt: 0, twice: [] });
    const workers = await world.query<{ stopped: boolean; fenced: boolean }>(
      'SELECT stopped_at IS NOT NULL AS stopped, fenced_at IS NOT NULL AS fenced FROM workers ORDER BY stopped DESC',
    );
    expect(workers).toEqual([
      { stopped: true, fenced: false },
      { stopped: true, fenced: false },
      { stopped: false, fenced: false },
    ]);
  },
);
