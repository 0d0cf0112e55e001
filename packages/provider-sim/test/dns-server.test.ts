import { Resolver } from 'node:dns/promises';

import { expect, test } from 'vitest';

import { startDnsServer } from '../src/dns-server.ts';
import type { Zone } from '../src/dns-zone.ts';
import { zoneOf } from '../src/start-providers.ts';

const hundred = Array.from({ length: 100 }, (_none, index) => ({
  preference: index,
  exchange: `a-rather-long-mx-host-name-${index}.many.test`,
}));

const zone: Zone = {
  ...zoneOf([
    {
      name: 'sim',
      domains: ['sim.test'],
      mxHosts: [{ host: 'mx1.sim.test', preference: 10, addresses: ['127.1.0.1', '::1'] }],
      behaviour: {},
    },
  ]),
  'null.test': { mx: [{ preference: 0, exchange: '.' }] },
  'many.test': { mx: hundred },
  'broken.test': { fault: { answer: 'SERVFAIL' } },
  'gone.test': { fault: { answer: 'NXDOMAIN' } },
  'flapping.test': { a: ['127.1.0.9'], fault: { answer: 'NXDOMAIN', times: 2 } },
  'half.test': {
    mx: [{ preference: 1, exchange: 'half.test' }],
    a: ['127.1.0.8'],
    fault: { answer: 'SERVFAIL', types: ['A'] },
  },
  'silent.test': { fault: { answer: 'no-answer' } },
  'alias.test': { cname: 'alias2.test' },
  'alias2.test': { cname: 'sim.test' },
  'loop.test': { cname: 'loop.test' },
  'private.test': { mx: [{ preference: 1, exchange: 'localhost' }], a: ['10.0.0.1'] },
  'text.test': { txt: ['v=spf1 -all', 'x'.repeat(600)], ttlSeconds: 7 },
};

async function started(): Promise<
  AsyncDisposable & { resolver: Resolver; server: Awaited<ReturnType<typeof startDnsServer>> }
> {
  const server = await startDnsServer({ zone });
  const resolver = new Resolver({ timeout: 200, tries: 1 });
  resolver.setServers([`${server.address}:${server.port}`]);
  return { resolver, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

test('records of every kind, in any case', async () => {
  await using dns = await started();
  const { resolver } = dns;
  expect(await resolver.resolveMx('SIM.test')).toMatchObject([{ exchange: 'mx1.sim.test', priority: 10 }]);
  expect(await resolver.resolve4('Mx1.Sim.Test')).toEqual(['127.1.0.1']);
  expect(await resolver.resolve6('mx1.sim.test')).toEqual(['::1']);
  expect(await resolver.reverse('127.1.0.1')).toEqual(['mx1.sim.test']);
  expect(await resolver.resolve4('mx1.sim.test', { ttl: true })).toEqual([{ address: '127.1.0.1', ttl: 60 }]);
  expect(await resolver.resolveTxt('text.test')).toEqual([
    ['v=spf1 -all'],
    ['x'.repeat(255), 'x'.repeat(255), 'x'.repeat(90)],
  ]);
  expect(await resolver.resolveCname('alias.test')).toEqual(['alias2.test']);
  expect(await resolver.resolveMx('null.test')).toMatchObject([{ exchange: '', priority: 0 }]);
  expect(await resolver.resolveMx('private.test')).toMatchObject([{ exchange: 'localhost', priority: 1 }]);
});

test('aliases are followed, and a loop ends', async () => {
  await using dns = await started();
  expect(await dns.resolver.resolveMx('alias.test')).toMatchObject([{ exchange: 'mx1.sim.test', priority: 10 }]);
  await expect(dns.resolver.resolveMx('loop.test')).rejects.toMatchObject({ code: 'ESERVFAIL' });
});

test('a hundred MX records come over TCP', async () => {
  await using dns = await started();
  const found = await dns.resolver.resolveMx('many.test');
  expect(found.length).toBe(100);
});

type Row = readonly [what: string, name: string, code: string];
test.for<Row>([
  ['an unknown name does not exist', 'nowhere.test', 'ENOTFOUND'],
  ['nor does one that is scripted away', 'gone.test', 'ENOTFOUND'],
  ['a broken one fails', 'broken.test', 'ESERVFAIL'],
  ['a silent one times out', 'silent.test', 'ETIMEOUT'],
  ['a name without such records has no data', 'sim.test', 'ENODATA'],
])('%s', async ([, name, code]) => {
  await using dns = await started();
  await expect(dns.resolver.resolve4(name)).rejects.toMatchObject({ code });
});

test('a fault may flap, and strike one record type only', async () => {
  await using dns = await started();
  const { resolver } = dns;
  await expect(resolver.resolve4('flapping.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await expect(resolver.resolve4('flapping.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  expect(await resolver.resolve4('flapping.test')).toEqual(['127.1.0.9']);
  expect(await resolver.resolveMx('half.test')).toMatchObject([{ exchange: 'half.test', priority: 1 }]);
  await expect(resolver.resolve4('half.test')).rejects.toMatchObject({ code: 'ESERVFAIL' });
});

test('names change while the server runs', async () => {
  await using dns = await started();
  const { resolver, server } = dns;
  server.set('New.test', { a: ['127.1.0.7'] });
  expect(await resolver.resolve4('new.test')).toEqual(['127.1.0.7']);
  server.set('new.test', undefined);
  await expect(resolver.resolve4('new.test')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  expect(server.questions()).toBe(2);
});
