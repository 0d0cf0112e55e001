import { expect, test } from 'vitest';

import { gatherEvidence } from './evidence.ts';
import { AMPLE, violationsOf } from './limits.ts';
import { providers, recipientsAt } from './providers.ts';
import { until, untilAccepted } from './until.ts';
import { startWorld } from './world.ts';

const FIRST = 4000;
const SECOND = 1000;

test(
  'RabbitMQ loses its data with announcements, released work and outcomes on it: all are sent, none twice',
  { timeout: 240_000 },
  async () => {
    const specs = providers(8, { replyDelayMs: 5 });
    await using world = await startWorld({ providers: specs, workers: 1, servers: 'own' });
    const { stack, servers } = world;
    const first = await world.post(recipientsAt(specs, FIRST, 'first'));
    await untilAccepted(world, 300);
    // From here on nobody takes outcomes, and then announcements: they are on the queues when those are lost.
    await stack.bounceProcessor.kill();
    const unrecorded = await until('outcomes not recorded', () => countSending((sql) => world.query(sql)), {
      is: (sending) => sending > 100,
      withinMs: 60_000,
    });
    await stack.dispatcher.kill();
    const second = await world.post(recipientsAt(specs, SECOND, 'second'));
    expect((await second.view()).prepared).toBe(0);
    await servers.rabbit.wipe();
    await Promise.all([stack.dispatcher.restart(), stack.bounceProcessor.restart()]);
    expect(unrecorded).toBeGreaterThan(100);

    for (const [campaign, sent] of [
      [first, FIRST],
      [second, SECOND],
    ] as const) {
      await campaign.untilFinished({ limitMs: 150_000 });
      const evidence = await gatherEvidence(world, campaign);
      expect(evidence.faults).toEqual([]);
      expect(await violationsOf(world, AMPLE)).toEqual([]);
      expect(evidence).toMatchObject({ statuses: { sent }, inDoubt: 0, twice: [] });
    }
  },
);

async function countSending(query: <Row>(sql: string) => Promise<readonly Row[]>): Promise<number> {
  const [row] = await query<{ messages: number }>(`SELECT count(*)::int AS messages FROM work WHERE state = 'sending'`);
  return row?.messages ?? 0;
}
