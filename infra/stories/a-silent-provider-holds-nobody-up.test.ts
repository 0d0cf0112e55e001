import { expect, test } from 'vitest';

import { gatherEvidence } from './evidence.ts';
import { provider, providers, recipientsAt } from './providers.ts';
import { until } from './until.ts';
import { startWorld, type World } from './world.ts';

const TO_SILENT = 5000;
const TO_OTHERS = 300;
/** Messages that a site may hold of which nothing is known. */
const FIRST_ALLOWANCE = 64;

test('a provider that never answers holds nobody up', { timeout: 240_000 }, async () => {
  const silent = provider('silent', '127.40.1.1', { listening: 'unreachable' });
  const others = providers(3, { replyDelayMs: 5 });
  await using world = await startWorld({
    providers: [silent, ...others],
    workers: 1,
    rules: [{ connectTimeoutSeconds: 2 }],
  });
  // One job; the silent provider's messages come first.
  const campaign = await world.post([...recipientsAt([silent], TO_SILENT), ...recipientsAt(others, TO_OTHERS)]);
  const released: number[] = [];
  const done = await until(
    'all messages to the others sent',
    async () => {
      released.push(await countReleased(world, 'silent.test'));
      return (await campaign.view()).counts;
    },
    { is: ({ sent }) => sent === TO_OTHERS, withinMs: 60_000 },
  );
  expect(done.pending).toBe(TO_SILENT);
  expect(Math.max(...released)).toBeGreaterThan(0);
  expect(Math.max(...released)).toBeLessThanOrEqual(FIRST_ALLOWANCE);

  await campaign.change('cancel');
  await until('nothing pending', async () => (await campaign.view()).counts, {
    is: ({ pending, deferred }) => pending + deferred === 0,
    withinMs: 60_000,
  });
  const evidence = await gatherEvidence(world, campaign);
  expect(evidence.faults).toEqual([]);
  expect(evidence.statuses).toEqual({ sent: TO_OTHERS, cancelled: TO_SILENT });
});

async function countReleased(world: World, domain: string): Promise<number> {
  const [row] = await world.query<{ messages: number }>(
    `SELECT count(*)::int AS messages FROM work w JOIN domains d USING (site_id)
     WHERE d.name = $1 AND w.state <> 'waiting'`,
    [domain],
  );
  return row?.messages ?? 0;
}
