import type { MxResolution } from '@mxflow/domain';
import { expect, test } from 'vitest';

import { resolveOnce } from './resolve-once.ts';

/** DNS that answers when it is told to, and notes what it was asked. */
function heldDns() {
  const open = new Map<string, (resolution: MxResolution) => void>();
  const asked: string[] = [];
  return {
    asked,
    resolveMx: (domain: string) =>
      new Promise<MxResolution>((resolve) => {
        asked.push(domain);
        open.set(domain, resolve);
      }),
    answer: async (domain: string) => {
      open.get(domain)?.({ kind: 'implicit', host: domain });
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test('a domain that is being asked for is not asked for again', async () => {
  const dns = heldDns();
  const resolve = resolveOnce(dns.resolveMx, 10);
  const answers = Promise.all([resolve('a.example'), resolve('a.example')]);
  await dns.answer('a.example');
  expect(await answers).toHaveLength(2);
  void resolve('a.example');
  expect(dns.asked).toEqual(['a.example', 'a.example']);
});

test('at most so many questions are open', async () => {
  const dns = heldDns();
  const resolve = resolveOnce(dns.resolveMx, 2);
  const answers = Promise.all(['a', 'b', 'c', 'd'].map(resolve));
  expect(dns.asked).toEqual(['a', 'b']);
  await dns.answer('b');
  expect(dns.asked).toEqual(['a', 'b', 'c']);
  await dns.answer('a');
  await dns.answer('c');
  await dns.answer('d');
  expect(await answers).toHaveLength(4);
});

test('a question that fails gives its place back', async () => {
  const resolve = resolveOnce(async () => {
    throw new Error('broken');
  }, 1);
  await expect(resolve('a')).rejects.toThrow('broken');
  await expect(resolve('b')).rejects.toThrow('broken');
});
