import { markDomainMoved, saveDomains } from '@mxflow/db';
import type { MxResolution } from '@mxflow/domain';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createDomainSites, type DomainSites } from '../src/prepare/domain-sites.ts';
import { createPreparer } from '../src/prepare/prepare-chunk.ts';
import {
  acceptedJob,
  addressesAt,
  countsOf,
  eventDiary,
  openWorld,
  ownHosts,
  workOf,
  type DispatcherWorld,
} from './world.ts';

let world: DispatcherWorld;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

function preparing(domains?: DomainSites) {
  const { database } = world;
  const { events, diary } = eventDiary();
  const ownDomains = domains ?? createDomainSites({ database, resolveMx: ownHosts(), concurrency: 5, events });
  const woken: string[] = [];
  const prepare = createPreparer({
    decideSites: async () => {},
    database,
    domains: ownDomains,
    events,
    onWork: () => woken.push('woken'),
  });
  return { prepare, diary, woken };
}

type Domain = { readonly siteId: number; readonly moved: boolean; readonly siteKey: string };

async function siteOf(domain: string): Promise<Domain> {
  const [row] = await world.database.client.$queryRawUnsafe<Domain[]>(
    `SELECT d.site_id AS "siteId", d.moved, s.key AS "siteKey" FROM domains d JOIN sites s ON s.id = d.site_id
     WHERE d.name = $1`,
    domain,
  );
  if (row === undefined) throw new Error(`expected ${domain} to be known`);
  return row;
}

test('a chunk becomes work, once: a repeat and a second one at the same time change nothing', async () => {
  const { prepare, woken } = preparing();
  const job = await acceptedJob(world.database, {
    chunks: [[...addressesAt('once.example', 3), 'R0@once.example']],
  });
  const body = { jobNumber: job.jobNumber, chunk: 0 };
  const verdicts = await Promise.all([prepare({ body }), prepare({ body })]);
  verdicts.push(await prepare({ body }));
  expect(verdicts).toEqual([{ kind: 'done' }, { kind: 'done' }, { kind: 'done' }]);
  expect(await workOf(world.database, job.jobNumber)).toEqual({ waiting: 3 });
  expect(await countsOf(world.database, job.jobNumber)).toEqual({ pending: 3, ignored: 1 });
  expect(woken).toHaveLength(1);
});

test('a duplicate in another chunk and a quarantined address are ignored', async () => {
  const { prepare } = preparing();
  await world.database.client.quarantineEntry.create({ data: { address: 'q@ignored.example', status: 'quarantined' } });
  const job = await acceptedJob(world.database, {
    chunks: [
      ['a@ignored.example', 'Q@ignored.example'],
      ['A@ignored.example', 'b@ignored.example'],
    ],
  });
  for (const body of job.chunks) await prepare({ body });
  expect(await countsOf(world.database, job.jobNumber)).toEqual({ pending: 2, ignored: 2 });
});

test('a chunk that cannot be read is parked, one that is gone is done', async () => {
  const { prepare, diary } = preparing();
  const job = await acceptedJob(world.database, { chunks: [['a@broken.example']] });
  await world.database.client.jobChunk.updateMany({
    where: { jobId: BigInt(job.jobNumber) },
    data: { recipients: new Uint8Array([1, 2, 3]) },
  });
  expect(await prepare({ body: { jobNumber: job.jobNumber, chunk: 0 } })).toMatchObject({ kind: 'park' });
  expect(diary.map(([name]) => name)).toEqual(['chunkUnreadable']);
  expect(await prepare({ body: { jobNumber: job.jobNumber, chunk: 1 } })).toEqual({ kind: 'done' });
});

test('domains on the same hosts share a site; each is resolved once while its answer is fresh', async () => {
  const asked: string[] = [];
  const shared: MxResolution = { kind: 'hosts', hosts: [{ preference: 5, host: 'mx.shared.example' }] };
  const domains = createDomainSites({
    database: world.database,
    concurrency: 5,
    events: eventDiary().events,
    resolveMx: async (domain) => {
      asked.push(domain);
      return domain.startsWith('one') || domain.startsWith('two') ? shared : { kind: 'no-such-domain' };
    },
  });
  const { prepare } = preparing(domains);
  const addresses = ['a@one.example', 'b@two.example', 'c@one.example', 'd@none.example'];
  const first = await acceptedJob(world.database, { chunks: [addresses] });
  const second = await acceptedJob(world.database, { chunks: [addresses] });
  await prepare({ body: { jobNumber: first.jobNumber, chunk: 0 } });
  await prepare({ body: { jobNumber: second.jobNumber, chunk: 0 } });
  expect(asked.toSorted()).toEqual(['none.example', 'one.example', 'two.example']);
  expect((await siteOf('one.example')).siteId).toBe((await siteOf('two.example')).siteId);
  expect((await siteOf('one.example')).siteKey).toBe('mx:0 mx.shared.example');
  expect((await siteOf('none.example')).siteKey).toBe('domain:none.example');
});

test('customers of a provider have sites of their own under one provider, those that were known before as well', async () => {
  const { database } = world;
  const answers = new Map<string, MxResolution>();
  for (const name of ['a', 'b', 'c']) {
    const host = `${name}-example.mail.protection.outlook.com`;
    answers.set(`${name}.example`, { kind: 'hosts', hosts: [{ preference: 0, host }] });
  }
  answers.set('alone.example', { kind: 'hosts', hosts: [{ preference: 0, host: 'mx.alone.example' }] });
  // Known before providers were.
  await saveDomains(database, [
    {
      domain: 'a.example',
      siteKey: 'mx:0 a-example.mail.protection.outlook.com',
      resolution: 'hosts',
      validSeconds: -1,
    },
  ]);
  const providerOf = async (domain: string) =>
    await database.client.$queryRawUnsafe<{ id: number; name: string | null }[]>(
      `SELECT s.id, p.name FROM domains d JOIN sites s ON s.id = d.site_id LEFT JOIN providers p ON p.id = s.provider_id
       WHERE d.name = $1`,
      domain,
    );
  const [before] = await providerOf('a.example');
  expect(before).toMatchObject({ name: null });
  const domains = createDomainSites({
    database,
    resolveMx: ownHosts(answers),
    concurrency: 5,
    events: eventDiary().events,
  });
  const { prepare } = preparing(domains);
  const job = await acceptedJob(database, {
    chunks: [
      ['x@a.example', 'x@b.example'],
      ['x@c.example', 'x@alone.example'],
    ],
  });
  await Promise.all(job.chunks.map((body) => prepare({ body })));
  const after = await Promise.all(['a.example', 'b.example', 'c.example', 'alone.example'].map(providerOf));
  expect(after.map(([row]) => row?.name)).toEqual(['outlook.com', 'outlook.com', 'outlook.com', null]);
  expect(new Set(after.map(([row]) => row?.id)).size).toBe(4);
  expect(after[0]?.[0]?.id).toBe(before?.id);
});

test('a domain that moves takes its waiting messages along, and stays while DNS does not answer', async () => {
  const answers = new Map<string, MxResolution>();
  const { events, diary } = eventDiary();
  const { database } = world;
  const domains = createDomainSites({ database, resolveMx: ownHosts(answers), concurrency: 5, events });
  const { prepare } = preparing(domains);
  const job = await acceptedJob(database, { chunks: [['a@moves.example', 'b@stays.example'], ['c@moves.example']] });
  await prepare({ body: { jobNumber: job.jobNumber, chunk: 0 } });
  const before = await siteOf('moves.example');

  answers.set('moves.example', { kind: 'temporary-failure', because: 'SERVFAIL' });
  await markDomainMoved(database, 'moves.example');
  await domains.follow([{ domain: 'moves.example', siteId: before.siteId, expired: true }]);
  expect(await siteOf('moves.example')).toMatchObject({ siteId: before.siteId, moved: true });

  answers.set('moves.example', { kind: 'hosts', hosts: [{ preference: 1, host: 'mx.elsewhere.example' }] });
  await prepare({ body: { jobNumber: job.jobNumber, chunk: 1 } });
  const after = await siteOf('moves.example');
  expect(after).toMatchObject({ moved: false, siteKey: 'mx:0 mx.elsewhere.example' });
  expect(diary).toEqual([['domainsMoved', 1, 1]]);
  const sites = await database.client.$queryRawUnsafe<{ address: string; siteId: number }[]>(
    `SELECT address, site_id AS "siteId" FROM work WHERE job_id = $1::bigint ORDER BY address`,
    job.jobNumber,
  );
  expect(sites).toEqual([
    { address: 'a@moves.example', siteId: after.siteId },
    { address: 'b@stays.example', siteId: (await siteOf('stays.example')).siteId },
    { address: 'c@moves.example', siteId: after.siteId },
  ]);
});
