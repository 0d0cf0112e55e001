import { expect, test } from 'vitest';

import { gatherEvidence } from './evidence.ts';
import { providers, recipientsAt } from './providers.ts';
import { until } from './until.ts';
import { startWorld } from './world.ts';

const MESSAGES = 12_000;
const DUPLICATES = 1000;

test(
  'the dispatcher is killed while it prepares and while it feeds: every recipient is counted once',
  { timeout: 240_000 },
  async () => {
    const specs = providers(8);
    await using world = await startWorld({ providers: specs, workers: 1 });
    const { dispatcher } = world.stack;
    const addresses = recipientsAt(specs, MESSAGES);
    const campaign = await world.post([...addresses, ...addresses.slice(0, DUPLICATES)], { mode: 'simulate' });
    const preparing = await until('some chunks prepared', () => campaign.view(), {
      is: ({ prepared }) => prepared > 0,
      withinMs: 60_000,
    });
    dispatcher.signal('SIGKILL');
    expect(preparing.prepared).toBeLessThan(1);
    const feeding = await until('all chunks prepared', () => campaign.view(), {
      is: ({ prepared }) => prepared === 1,
      withinMs: 60_000,
    });
    dispatcher.signal('SIGKILL');
    expect(feeding.counts.pending).toBeGreaterThan(2000);
    await campaign.untilFinished({ limitMs: 150_000 });

    const evidence = await gatherEvidence(world, campaign, { simulated: true });
    expect(evidence.faults).toEqual([]);
    expect(evidence.statuses).toEqual({ sent: MESSAGES, ignored: DUPLICATES });
    expect(evidence.inDoubt).toBe(0);
  },
);
