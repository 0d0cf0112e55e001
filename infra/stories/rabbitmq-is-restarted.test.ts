import { expect, test } from 'vitest';

import { gatherEvidence } from './evidence.ts';
import { AMPLE, violationsOf } from './limits.ts';
import { providers, recipientsAt } from './providers.ts';
import { untilAccepted } from './until.ts';
import { startWorld } from './world.ts';

const MESSAGES = 5000;

test('RabbitMQ is restarted amid 5,000 messages: all are sent, none twice', { timeout: 240_000 }, async () => {
  const specs = providers(8, { replyDelayMs: 5 });
  await using world = await startWorld({ providers: specs, workers: 2, servers: 'own' });
  const campaign = await world.post(recipientsAt(specs, MESSAGES));
  await untilAccepted(world, 1500);
  await world.servers.rabbit.restart();
  await campaign.untilFinished({ limitMs: 150_000 });

  const evidence = await gatherEvidence(world, campaign);
  expect(evidence.faults).toEqual([]);
  expect(await violationsOf(world, AMPLE)).toEqual([]);
  expect(evidence).toMatchObject({ statuses: { sent: MESSAGES }, inDoubt: 0, twice: [] });
});
