import { setTimeout as wait } from 'node:timers/promises';

import type { World } from './world.ts';

const POLL_MS = 50;

/** Asks again and again until the answer is as wanted; returns that answer. Throws, with the last answer, after the limit. */
export async function until<Answer>(
  what: string,
  ask: () => Answer | Promise<Answer>,
  { is, withinMs }: { readonly is: (answer: Answer) => boolean; readonly withinMs: number },
): Promise<Answer> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (is(answer)) return answer;
    if (performance.now() > deadlineMs) {
      throw new Error(`expected within ${withinMs / 1000} s: ${what}; found: ${JSON.stringify(answer)}`);
    }
    await wait(POLL_MS);
  }
}

/** Until the providers have accepted so many messages. */
export async function untilAccepted(world: World, messages: number): Promise<void> {
  await until(`${messages} messages accepted`, () => world.accepted(), {
    is: (accepted) => accepted >= messages,
    withinMs: 60_000,
  });
}
