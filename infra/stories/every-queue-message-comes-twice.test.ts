import { expect, test } from 'vitest';

import { gatherEvidence } from './evidence.ts';
import { providers, recipientsAt } from './providers.ts';
import { startWorld } from './world.ts';

const MESSAGES = 2000;
/** Every fifth message is refused once, so that second attempts come twice too. */
const DEFERRED_SHARE = 0.2;

test('every queue message comes twice: no message does', { timeout: 240_000 }, async () => {
  const specs = providers(4, {
    recipients: [
      {
        name: 'busy',
        who: { share: DEFERRED_SHARE },
        does: { kind: 'defer', reply: { code: 451, lines: ['4.3.2 Try again later'] }, times: 1 },
      },
    ],
  });
  await using world = await startWorld({
    providers: specs,
    workers: 2,
    settings: { MXFLOW_TEST_DELIVER_TWICE: '1' },
  });
  const campaign = await world.post(recipientsAt(specs, MESSAGES));
  await campaign.untilFinished({ limitMs: 150_000 });

  const evidence = await gatherEvidence(world, campaign);
  expect(evidence.faults).toEqual([]);
  expect(evidence).toMatchObject({ statuses: { sent: MESSAGES }, inDoubt: 0, twice: [] });
  const [log] = await world.query<{ rows: number; deferred: number }>(
    `SELECT count(*)::int AS rows, (count(*) FILTER (WHERE status = 'deferred'))::int AS deferred FROM delivery_log`,
  );
  expect(log?.rows).toBe(MESSAGES + (log?.deferred ?? 0));
  expect(log?.deferred).toBeGreaterThan(MESSAGES * DEFERRED_SHARE * 0.7);
});
