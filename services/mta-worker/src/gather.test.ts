import { expect, test } from 'vitest';
import { gather } from './gather.ts';

test('what is asked while a batch is under way goes into the next one, in order and bounded', async () => {
  const batches: (readonly number[])[] = [];
  const ask = gather<number, number>(
    async (items) => {
      batches.push(items);
      await Promise.resolve();
      return items.map((item) => item * 10);
    },
    { maxBatch: 3 },
  );
  const answers = await Promise.all([1, 2, 3, 4, 5].map((item) => ask(item)));
  expect(answers).toEqual([10, 20, 30, 40, 50]);
  expect(batches).toEqual([
    [1, 2, 3],
    [4, 5],
  ]);
});

test('a batch that fails fails for its callers alone', async () => {
  let calls = 0;
  const ask = gather<number, number>(
    async (items) => {
      calls += 1;
      if (calls === 1) throw new Error('away');
      return items;
    },
    { maxBatch: 1 },
  );
  const results = await Promise.allSettled([ask(1), ask(2)]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
});
