import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rankHosts, siteKey, type MxHost, type MxResolution } from './routing.ts';

const anyHosts = fc.array(fc.record({ preference: fc.nat(50), host: fc.domain() }), { maxLength: 20 });

test('ranking is a permutation, lowest preference first', () => {
  fc.assert(
    fc.property(anyHosts, fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true })), (hosts, dice) => {
      const ranked = rankHosts(hosts, () => dice.next().value ?? 0);
      expect(ranked.toSorted(byText)).toEqual(hosts.toSorted(byText));
      expect(ranked.map((host) => host.preference)).toEqual(
        hosts.map((host) => host.preference).toSorted((a, b) => a - b),
      );
    }),
  );
});

const byText = (one: MxHost, other: MxHost): number => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);

test('equal preferences change places with the dice', () => {
  const hosts = ['a', 'b', 'c'].map((host) => ({ preference: 10, host }));
  const orders = new Set(
    Array.from({ length: 200 }, () =>
      rankHosts(hosts, Math.random)
        .map((host) => host.host)
        .join(''),
    ),
  );
  expect(orders.size).toBe(6);
});

test('of very many hosts those of lowest preference are tried', () => {
  const hosts = Array.from({ length: 100 }, (_none, index) => ({ preference: 100 - index, host: `mx${index}.test` }));
  const ranked = rankHosts(hosts, () => 0);
  expect(ranked).toHaveLength(20);
  expect(ranked.at(-1)?.preference).toBe(20);
});

test.for<readonly [string, MxResolution, MxResolution, boolean]>([
  [
    'the same hosts in another order are one site',
    {
      kind: 'hosts',
      hosts: [
        { preference: 10, host: 'a.test' },
        { preference: 20, host: 'b.test' },
      ],
    },
    {
      kind: 'hosts',
      hosts: [
        { preference: 20, host: 'b.test' },
        { preference: 10, host: 'a.test' },
      ],
    },
    true,
  ],
  [
    'preferences count by their order alone',
    {
      kind: 'hosts',
      hosts: [
        { preference: 10, host: 'a.test' },
        { preference: 20, host: 'b.test' },
      ],
    },
    {
      kind: 'hosts',
      hosts: [
        { preference: 1, host: 'a.test' },
        { preference: 2, host: 'b.test' },
      ],
    },
    true,
  ],
  [
    'swapped preferences are another site',
    {
      kind: 'hosts',
      hosts: [
        { preference: 10, host: 'a.test' },
        { preference: 20, host: 'b.test' },
      ],
    },
    {
      kind: 'hosts',
      hosts: [
        { preference: 10, host: 'b.test' },
        { preference: 20, host: 'a.test' },
      ],
    },
    false,
  ],
  ['a domain that takes no mail is a site of its own', { kind: 'null-mx' }, { kind: 'no-such-domain' }, true],
])('%s', ([, one, other, same]) => {
  expect(siteKey('one.test', one) === siteKey('one.test', other)).toBe(same);
});
