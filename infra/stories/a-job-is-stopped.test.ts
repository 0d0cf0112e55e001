import { readReferee } from '@mxflow/provider-sim';
import { expect, test } from 'vitest';

import type { Campaign } from '../demo/campaign.ts';
import { gatherEvidence } from './evidence.ts';
import { provider, recipientsAt } from './providers.ts';
import { until, untilAccepted } from './until.ts';
import { startWorld, type World } from './world.ts';

const PAUSED = 1000;
const CANCELLED = 5000;
const CONNECTIONS = 10;
/** What may still be sent when the call has returned: a message on each connection, and a reserve of two for each. */
const IN_HAND = 3 * CONNECTIONS;
const WITHIN_MS = 5000;

test('a paused or cancelled job sends nothing but what is in hand', { timeout: 240_000 }, async () => {
  const slow = provider('slow', '127.40.1.2', { replyDelayMs: 10 });
  await using world = await startWorld({
    providers: [slow],
    workers: 1,
    rules: [{ maxConnections: CONNECTIONS }],
  });

  const paused = await world.post(recipientsAt([slow], PAUSED, 'paused'));
  await untilAccepted(world, 200);
  const pausedAtMs = await change(paused, 'pause');
  await until('nothing released', () => countMoving(world), { is: (moving) => moving === 0, withinMs: 60_000 });
  const { counts } = await paused.view();
  expect(counts.sent).toBe(world.accepted());
  expect(counts.pending).toBeGreaterThan(0);
  await expectQuiet(world, pausedAtMs);
  await paused.change('resume');
  await paused.untilFinished({ limitMs: 150_000 });
  const resumed = await gatherEvidence(world, paused);
  expect(resumed.faults).toEqual([]);
  expect(resumed).toMatchObject({ statuses: { sent: PAUSED }, inDoubt: 0, twice: [] });

  const cancelled = await world.post(recipientsAt([slow], CANCELLED, 'cancelled'));
  await untilAccepted(world, PAUSED + 300);
  const cancelledAtMs = await change(cancelled, 'cancel');
  await until('nothing pending', async () => (await cancelled.view()).counts, {
    is: ({ pending, deferred }) => pending + deferred === 0,
    withinMs: 60_000,
  });
  await expectQuiet(world, cancelledAtMs);
  const evidence = await gatherEvidence(world, cancelled);
  expect(evidence.faults).toEqual([]);
  const sent = world.accepted() - PAUSED;
  expect(sent).toBeLessThan(2000);
  expect(evidence.statuses).toEqual({ sent, cancelled: CANCELLED - sent });
});

/** When the call had returned, by the referee's clock. */
async function change(campaign: Campaign, to: 'pause' | 'cancel'): Promise<number> {
  await campaign.change(to);
  return performance.timeOrigin + performance.now();
}

async function expectQuiet({ sims, refereeFile }: World, afterMs: number): Promise<void> {
  sims.referee.flush();
  const mails: number[] = [];
  for await (const event of readReferee(refereeFile)) if (event.e === 'mail' && event.t > afterMs) mails.push(event.t);
  expect(mails.length).toBeLessThanOrEqual(IN_HAND);
  expect(Math.max(afterMs, ...mails) - afterMs).toBeLessThan(WITHIN_MS);
}

async function countMoving(world: World): Promise<number> {
  const [row] = await world.query<{ messages: number }>(
    `SELECT count(*)::int AS messages FROM work WHERE state <> 'waiting'`,
  );
  return row?.messages ?? 0;
}
