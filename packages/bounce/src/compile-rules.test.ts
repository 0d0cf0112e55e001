import { expect, test } from 'vitest';

import { compileRules, compileRulesInSlices } from './compile-rules.ts';
import { DEFAULT_RULES } from './default-rules/index.ts';

const SUBJECT = { replyCode: 550, enhancedStatus: '5.1.1', mxHost: undefined, sender: undefined };

test('a set that is compiled in slices holds nobody up, and decides as one that is compiled at once', async () => {
  let longestMs = 0;
  let isDone = false;
  const others = (async () => {
    let last = cpuMs();
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve));
      const now = cpuMs();
      longestMs = Math.max(longestMs, now - last);
      last = now;
    }
  })();
  const sliced = await compileRulesInSlices(DEFAULT_RULES);
  isDone = true;
  await others;
  expect(longestMs).toBeLessThan(100);
  const whole = compileRules(DEFAULT_RULES);
  for (const text of DEFAULT_RULES.flatMap(({ matches }) => matches)) {
    expect(sliced.firstMatch('reply', text, SUBJECT)).toBe(whole.firstMatch('reply', text, SUBJECT));
  }
});

/** Of this thread: what others do on the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
