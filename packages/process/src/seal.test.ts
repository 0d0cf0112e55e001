import { expect, test } from 'vitest';

import { open, seal } from './seal.ts';

const SECRET = 'a secret of the instance, long enough';

test('what was sealed is read back, and looks different every time', () => {
  const one = seal('whsec_1', SECRET, 'webhook-secret');
  const other = seal('whsec_1', SECRET, 'webhook-secret');
  expect(open(one, SECRET, 'webhook-secret')).toBe('whsec_1');
  expect(Buffer.compare(one, other)).not.toBe(0);
});

test('a changed octet, another secret or a stump opens nothing', () => {
  const sealed = seal('whsec_1', SECRET, 'webhook-secret');
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = sealed.with(at, (sealed[at] ?? 0) ^ 1);
    expect(open(changed, SECRET, 'webhook-secret')).toBeUndefined();
  }
  expect(open(sealed, `${SECRET}!`, 'webhook-secret')).toBeUndefined();
  expect(open(sealed.subarray(0, 20), SECRET, 'webhook-secret')).toBeUndefined();
});
