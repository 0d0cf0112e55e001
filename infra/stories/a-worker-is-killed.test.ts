import { expect, test } from 'vitest';

import { gatherEvidence } from './evidence.ts';
import { AMPLE, violationsOf } from './limits.ts';
import { providers, recipientsAt } from './providers.ts';
import { untilAccepted } from './until.ts';
import { SHORT_LIFE, startWorld } from './world.ts';

const MESSAGES = 5000;
const KILLED_AT = 1500;
const SITES = 8;
const SITE_CONNECTIONS = 10;
/** What one worker's death can leave open, should it have had every connection: a message on each, and 64 more. */
const MOST_IN_DOUBT = SITES * SITE_CONNECTIONS + 64;

test(
  'a worker is killed amid 5,000 messages: all are sent, twice only those in doubt',
  { timeout: 240_000 },
  async () => {
    const specs = providers(SITES, { replyDelayMs: 5 });
    await using world = await startWorld({
      providers: specs,
      workers: 2,
      rules: [{ maxConnections: SITE_CONNECTIONS }],
      settings: SHORT_LIFE,
    });
    const campaign = await world.post(recipientsAt(specs, MESSAGES));
    await untilAccepted(world, KILLED_AT);
    world.stack.workers[0]?.signal('SIGKILL');
    await campaign.untilFinished({ limitMs: 150_000 });

    const evidence = await gatherEvidence(world, campaign);
    expect(evidence.faults).toEqual([]);
    expect(await violationsOf(world, { ...AMPLE, maxConnections: SITE_CONNECTIONS })).toEqual([]);
    expect(evidence.statuses).toEqual({ sent: MESSAGES });
    expect(evidence.inDoubt).toBeLessThanOrEqual(MOST_IN_DOUBT);
    expect(evidence.twice.length).toBeLessThanOrEqual(evidence.inDoubt);
  },
);
