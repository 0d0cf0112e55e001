import { expect, test } from 'vitest';

import { gatherEvidence } from './evidence.ts';
import { AMPLE, violationsOf } from './limits.ts';
import { providers, recipientsAt } from './providers.ts';
import { untilAccepted } from './until.ts';
import { SHORT_LIFE, startWorld } from './world.ts';

const MESSAGES = 5000;

test(
  'Postgres is restarted, then killed, amid 5,000 messages: all are sent, twice only those in doubt',
  { timeout: 240_000 },
  async () => {
    const specs = providers(8, { replyDelayMs: 5 });
    await using world = await startWorld({ providers: specs, workers: 2, servers: 'own', settings: SHORT_LIFE });
    const { postgres } = world.servers;
    const campaign = await world.post(recipientsAt(specs, MESSAGES));
    await untilAccepted(world, 1000);
    await postgres.restart();
    await untilAccepted(world, world.accepted() + 1000);
    await postgres.kill();
    await postgres.restart();
    await campaign.untilFinished({ limitMs: 150_000 });

    const evidence = await gatherEvidence(world, campaign);
    expect(evidence.faults).toEqual([]);
    expect(await violationsOf(world, AMPLE)).toEqual([]);
    expect(evidence.statuses).toEqual({ sent: MESSAGES });
  },
);
