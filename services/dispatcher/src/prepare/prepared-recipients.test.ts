import { expect, test } from 'vitest';

import { preparedRecipients } from './prepared-recipients.ts';

const chunk = { jobNumber: '7', firstOrdinal: 100, sites: new Map([['b.example', 3]]) };

test('ids follow the ordinals; the same mailbox has the same hash, however it is spelt', () => {
  const [first, second] = preparedRecipients(
    [{ address: 'Ann@b.example', variables: { name: 'Ann' } }, { address: 'ann@b.example' }],
    chunk,
  );
  expect(first).toEqual({
    messageId: String((7n << 27n) | 100n),
    ordinal: 100,
    address: 'Ann@b.example',
    addressKey: 'ann@b.example',
    addressHash: expect.stringMatching(/^[0-9a-f]{32}$/),
    variables: { name: 'Ann' },
    siteId: 3,
  });
  expect(second).toMatchObject({ ordinal: 101, address: 'ann@b.example', addressHash: first?.addressHash });
  expect(second).not.toHaveProperty('variables');
});

test('a domain without a site is a fault of ours', () => {
  expect(() => preparedRecipients([{ address: 'a@c.example' }], chunk)).toThrow('expected a site');
});
