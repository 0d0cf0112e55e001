import { expect, test } from 'vitest';

import { identify } from '../servers/process-identity.ts';
import { startStack } from '../stack/index.ts';
import { createWorld } from '../testing/index.ts';

async function statusOf(url: string, headers: Record<string, string> = {}): Promise<number> {
  const answer = await fetch(url, { headers });
  await answer.arrayBuffer();
  return answer.status;
}

test('a stack serves its API and metrics, takes its key, and ends every process', { timeout: 120_000 }, async () => {
  await using world = await createWorld();
  const stack = await startStack({ workers: 1, on: world });
  const pids = [stack.ingestApi, stack.dispatcher, stack.bounceProcessor, ...stack.workers].map(({ pid }) => pid());
  try {
    expect(await statusOf(`${stack.api}/v1/jobs/none`)).toBe(401);
    expect(await statusOf(`${stack.api}/v1/jobs/none`, { authorization: `Bearer ${stack.apiKey}` })).toBe(404);
    expect(stack.metrics).toHaveLength(4);
    for (const url of stack.metrics) expect(await statusOf(url)).toBe(200);
    const second = await stack.addWorker();
    pids.push(second.pid());
    expect(stack.metrics).toHaveLength(5);
    await second.kill();
    await second.restart();
    pids.push(second.pid());
  } finally {
    await stack[Symbol.asyncDispose]();
  }
  expect(pids.filter((pid) => identify(pid) !== undefined)).toEqual([]);
});
