import { createLogger } from '@mxflow/telemetry';
import { expect, test } from 'vitest';

import { createRuleFollower } from './follow-rules.ts';

test('rules that could not be gone by are tried again when somebody asks next, and then no more', async () => {
  const book = {
    version: 1,
    refresh: async () => {
      const isNew = book.version !== 2;
      book.version = 2;
      return isNew;
    },
  };
  let tries = 0;
  const apply = async (): Promise<void> => {
    tries += 1;
    if (tries === 1) throw new Error('Postgres is away');
  };
  const follow = createRuleFollower({ book, apply, logger: createLogger({ service: 'test', level: 'silent' }) });
  await follow(1);
  expect(tries).toBe(0);
  for (const _again of [1, 2, 3]) await follow(2);
  expect(tries).toBe(2);
});
