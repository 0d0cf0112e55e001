import { expect, test } from 'vitest';

import type { Campaign } from '../demo/campaign.ts';
import { gatherEvidence } from './evidence.ts';
import { AMPLE, violationsOf } from './limits.ts';
import { providers, recipientsAt } from './providers.ts';
import { until, untilAccepted } from './until.ts';
import { startWorld, type FragileWorld } from './world.ts';

const AMID_RESTART = 3000;
const AMID_LOSS = 3000;
const NOT_PREPARED = 1000;

test(
  'RabbitMQ is restarted amid messages, then loses its data with announcements, released work and outcomes on it: all are sent, none twice',
  { timeout: 300_000 },
  async () => {
    const specs = providers(8, { replyDelayMs: 5 });
    await using world = await startWorld({ providers: specs, workers: 2, servers: 'own' });
    const { stack, servers } = world;

    const restarted = await world.post(recipientsAt(specs, AMID_RESTART, 'restarted'));
    await untilAccepted(world, 1000);
    await servers.rabbit.restart();
    await expectAllSentOnce(world, restarted, AMID_RESTART);

    const lost = await world.post(recipientsAt(specs, AMID_LOSS, 'lost'));
    await untilAccepted(world, AMID_RESTART + 300);
    // From here on nobody takes outcomes, and then announcements: they are on the queues when those are lost.
    await stack.bounceProcessor.kill();
    await until('outcomes not recorded', () => countSending(world), {
      is: (sending) => sending > 100,
      withinMs: 60_000,
    });
    await stack.dispatcher.kill();
    const notPrepared = await world.post(recipientsAt(specs, NOT_PREPARED, 'not-prepared'));
    expect((await notPrepared.view()).prepared).toBe(0);
    await servers.rabbit.wipe();
    await Promise.all([stack.dispatcher.restart(), stack.bounceProcessor.restart()]);
    await expectAllSentOnce(world, lost, AMID_LOSS);
    await expectAllSentOnce(world, notPrepared, NOT_PREPARED);
  },
);

async function expectAllSentOnce(world: FragileWorld, campaign: Campaign, sent: number): Promise<void> {
  await campaign.untilFinished({ limitMs: 150_000 });
  const evidence = await gatherEvidence(world, campaign);
  expect(evidence.faults).toEqual([]);
  expect(await violationsOf(world, AMPLE)).toEqual([]);
  expect(evidence).toMatchObject({ statuses: { sent }, inDoubt: 0, twice: [] });
}

async function countSending(world: FragileWorld): Promise<number> {
  const [row] = await world.query<{ messages: number }>(
    `SELECT count(*)::int AS messages FROM work WHERE state = 'sending'`,
  );
  return row?.messages ?? 0;
}
