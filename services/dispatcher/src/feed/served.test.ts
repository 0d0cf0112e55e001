import { expect, test } from 'vitest';

import { createServedRegister } from './served.ts';

test('keeps the newest', () => {
  const served = createServedRegister(4);
  served.note([{ jobNumber: '1', siteId: 1, urgency: 0 }]);
  served.note([{ jobNumber: '2', siteId: 2, urgency: 0 }]);
  served.note([{ jobNumber: '1', siteId: 3, urgency: 0 }]);
  expect([...served]).toEqual([
    ['2', 2],
    ['2/2', 2],
    ['1', 3],
    ['1/3', 3],
  ]);
});
