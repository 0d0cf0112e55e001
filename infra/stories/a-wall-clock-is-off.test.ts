import { expect, test } from 'vitest';

import { gatherEvidence } from './evidence.ts';
import { STRICT, violationsOf } from './limits.ts';
import { provider, recipientsAt } from './providers.ts';
import { startWorld } from './world.ts';

const MESSAGES = 1150;
const FIVE_MINUTES_MS = 300_000;

test(
  'wall clocks of workers are off by five minutes either way: no limit is exceeded, nothing is lost',
  { timeout: 120_000 },
  async () => {
    const specs = [provider('strict', '127.44.0.1', { replyDelayMs: 20 })];
    await using world = await startWorld({ providers: specs, workers: 1, rules: [STRICT] });
    await Promise.all([FIVE_MINUTES_MS, -FIVE_MINUTES_MS].map((ms) => world.stack.addWorker(clockOffBy(ms))));
    const campaign = await world.post(recipientsAt(specs, MESSAGES));
    await campaign.untilFinished({ limitMs: 90_000 });
    const evidence = await gatherEvidence(world, campaign);
    expect(evidence.faults).toEqual([]);
    expect(evidence).toMatchObject({ statuses: { sent: MESSAGES }, inDoubt: 0 });
    expect(await violationsOf(world, STRICT)).toEqual([]);
  },
);

/** A process started so reads another time of day; its monotonic clock is right, as it is in a host whose clock is off. */
function clockOffBy(ms: number): Readonly<Record<string, string>> {
  const code = `const now = Date.now; Date.now = () => now() + ${ms};`;
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}` };
}
