import { startDnsServer, type DnsServer, type Zone } from '@mxflow/provider-sim';
import { expect, test } from 'vitest';

import { createResolver, type Resolver, type ResolverOptions } from '../src/index.ts';

const ZONE: Zone = {
  'two-hosts.example': {
    mx: [
      { preference: 20, exchange: 'MX2.example.' },
      { preference: 10, exchange: 'mx1.example' },
    ],
  },
  'no-mail.example': { mx: [{ preference: 0, exchange: '.' }] },
  'only-address.example': { a: ['198.51.100.7'] },
  'only-aaaa.example': { aaaa: ['2001:db8::7'] },
  'empty.example': { txt: ['nothing here'] },
  'to-address.example': { mx: [{ preference: 0, exchange: '192.0.2.1' }], a: ['192.0.2.1'] },
  'servfail.example': { fault: { answer: 'SERVFAIL' } },
  'refused.example': { fault: { answer: 'REFUSED' } },
  'silent.example': { fault: { answer: 'no-answer' } },
  'mends.example': { mx: [{ preference: 10, exchange: 'mx1.example' }], fault: { answer: 'SERVFAIL', times: 2 } },
  'half-known.example': { a: ['198.51.100.8'], fault: { answer: 'SERVFAIL', types: ['AAAA'] } },
  'unknown-address.example': { txt: ['mx is known to be none'], fault: { answer: 'SERVFAIL', types: ['A', 'AAAA'] } },
  'alias.example': { cname: 'two-hosts.example' },
  'both.example': { a: ['198.51.100.1', '198.51.100.2'], aaaa: ['2001:db8::1'], ttlSeconds: 30 },
  'slow.example': { mx: [{ preference: 10, exchange: 'mx1.example' }], delayMs: 50 },
  'many.example': {
    mx: Array.from({ length: 100 }, (_, index) => ({ preference: index, exchange: `mx${index}.many.example` })),
  },
};

type Setting = AsyncDisposable & {
  readonly dns: DnsServer;
  readonly resolver: Resolver;
  readonly clock: { ms: number };
};

async function setting(options: ResolverOptions = {}): Promise<Setting> {
  const dns = await startDnsServer({ zone: ZONE });
  const clock = { ms: 1_000_000 };
  const resolver = createResolver({
    servers: [`127.0.0.1:${dns.port}`],
    timeoutMs: 250,
    tries: 2,
    now: () => clock.ms,
    ...options,
  });
  return { dns, resolver, clock, [Symbol.asyncDispose]: () => dns[Symbol.asyncDispose]() };
}

test.for<readonly [domain: string, resolution: object]>([
  [
    'two-hosts.example',
    {
      kind: 'hosts',
      hosts: [
        { preference: 10, host: 'mx1.example' },
        { preference: 20, host: 'mx2.example' },
      ],
    },
  ],
  [
    'Alias.example',
    {
      kind: 'hosts',
      hosts: [
        { preference: 10, host: 'mx1.example' },
        { preference: 20, host: 'mx2.example' },
      ],
    },
  ],
  ['no-mail.example', { kind: 'null-mx' }],
  ['only-address.example', { kind: 'implicit', host: 'only-address.example' }],
  ['only-aaaa.example', { kind: 'implicit', host: 'only-aaaa.example' }],
  ['empty.example', { kind: 'no-such-domain' }],
  ['absent.example', { kind: 'no-such-domain' }],
  ['not a name', { kind: 'no-such-domain' }],
  ['to-address.example', { kind: 'no-such-domain' }],
  ['servfail.example', { kind: 'temporary-failure', because: 'DNS: SERVFAIL' }],
  ['refused.example', { kind: 'temporary-failure', because: 'DNS: REFUSED' }],
  ['silent.example', { kind: 'temporary-failure', because: 'DNS: no answer in time' }],
  ['unknown-address.example', { kind: 'temporary-failure', because: 'DNS: SERVFAIL' }],
])('%s', async ([domain, resolution]) => {
  await using world = await setting();
  expect(await world.resolver.mx(domain)).toEqual(resolution);
});

test('a server that is not there is a temporary failure', async () => {
  const { port } = await setting().then(async (world) => {
    await world[Symbol.asyncDispose]();
    return world.dns;
  });
  const resolver = createResolver({ servers: [`127.0.0.1:${port}`], timeoutMs: 100, tries: 1 });
  expect(await resolver.mx('two-hosts.example')).toMatchObject({ kind: 'temporary-failure' });
});

test('of a hundred MX hosts, too many for a datagram, twenty are kept', async () => {
  await using world = await setting();
  const resolution = await world.resolver.mx('many.example');
  expect(resolution.kind === 'hosts' ? resolution.hosts.map(({ preference }) => preference) : []).toEqual(
    Array.from({ length: 20 }, (_, index) => index),
  );
});

test.for<readonly [host: string, resolution: object]>([
  [
    'both.example',
    {
      kind: 'found',
      addresses: [
        { family: 4, address: '198.51.100.1' },
        { family: 4, address: '198.51.100.2' },
        { family: 6, address: '2001:db8::1' },
      ],
    },
  ],
  ['half-known.example', { kind: 'found', addresses: [{ family: 4, address: '198.51.100.8' }] }],
  ['empty.example', { kind: 'none' }],
  ['absent.example', { kind: 'none' }],
  ['servfail.example', { kind: 'temporary-failure', because: 'DNS: SERVFAIL' }],
])('addresses of %s', async ([host, resolution]) => {
  await using world = await setting();
  expect(await world.resolver.addresses(host)).toEqual(resolution);
});

test('IPv6 first where it is preferred', async () => {
  await using world = await setting({ preferredFamily: 6 });
  const resolution = await world.resolver.addresses('both.example');
  expect(resolution.kind === 'found' ? resolution.addresses.map(({ family }) => family) : []).toEqual([6, 4, 4]);
});

test('an answer is kept for its time and asked for again after it', async () => {
  await using world = await setting();
  const { dns, resolver, clock } = world;
  await resolver.mx('two-hosts.example');
  await resolver.mx('TWO-hosts.example');
  expect(dns.questions()).toBe(1);
  clock.ms += 299_000;
  await resolver.mx('two-hosts.example');
  expect(dns.questions()).toBe(1);
  dns.set('two-hosts.example', { mx: [{ preference: 1, exchange: 'new.example' }] });
  clock.ms += 2_000;
  expect(await resolver.mx('two-hosts.example')).toEqual({
    kind: 'hosts',
    hosts: [{ preference: 1, host: 'new.example' }],
  });
});

test('addresses are kept no longer than their TTL', async () => {
  await using world = await setting();
  const { dns, resolver, clock } = world;
  await resolver.addresses('both.example');
  dns.set('both.example', { a: ['198.51.100.9'] });
  clock.ms += 29_000;
  expect(await resolver.addresses('both.example')).toMatchObject({ addresses: [{}, {}, {}] });
  clock.ms += 2_000;
  expect(await resolver.addresses('both.example')).toEqual({
    kind: 'found',
    addresses: [{ family: 4, address: '198.51.100.9' }],
  });
});

test('NXDOMAIN is kept for a minute, a temporary failure for seconds', async () => {
  await using world = await setting({ tries: 1 });
  const { dns, resolver, clock } = world;
  expect(await resolver.mx('absent.example')).toEqual({ kind: 'no-such-domain' });
  dns.set('absent.example', { mx: [{ preference: 1, exchange: 'new.example' }] });
  clock.ms += 59_000;
  expect(await resolver.mx('absent.example')).toEqual({ kind: 'no-such-domain' });
  clock.ms += 2_000;
  expect(await resolver.mx('absent.example')).toMatchObject({ kind: 'hosts' });
  dns.set('servfail.example', { fault: { answer: 'SERVFAIL' } });
  expect(await resolver.mx('servfail.example')).toMatchObject({ kind: 'temporary-failure' });
  dns.set('servfail.example', { mx: [{ preference: 1, exchange: 'mended.example' }] });
  expect(await resolver.mx('servfail.example')).toMatchObject({ kind: 'temporary-failure' });
  clock.ms += 5_001;
  expect(await resolver.mx('servfail.example')).toMatchObject({ kind: 'hosts' });
});

test('the same question at the same time is asked once', async () => {
  await using world = await setting();
  const resolutions = await Promise.all(Array.from({ length: 50 }, () => world.resolver.mx('slow.example')));
  expect(new Set(resolutions).size).toBe(1);
  expect(world.dns.questions()).toBe(1);
});

test('the least recently used answer makes room', async () => {
  await using world = await setting({ maxEntries: 2 });
  const { dns, resolver } = world;
  for (const domain of ['two-hosts.example', 'no-mail.example', 'two-hosts.example', 'alias.example'])
    await resolver.mx(domain);
  const asked = dns.questions();
  await resolver.mx('two-hosts.example');
  expect(dns.questions()).toBe(asked);
  await resolver.mx('no-mail.example');
  expect(dns.questions()).toBe(asked + 1);
});
