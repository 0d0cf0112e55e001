import { expect, test } from 'vitest';

import type { Behaviour, ProviderSpec } from '@mxflow/provider-sim';

import { putClockForward } from './clock.ts';
import { provider } from './providers.ts';
import { until } from './until.ts';
import { startWorld, type World } from './world.ts';

const UNKNOWN = { code: 550, lines: ['5.1.1 <{address}>: Recipient address rejected: User unknown'] };
const EVERYBODY: Behaviour = { recipients: [{ who: 'everyone', does: { kind: 'refuse', reply: UNKNOWN } }] };
const BEFORE = 2000;
const MINUTES = 10;
const A_MINUTE = 150;
const DAY_SECONDS = 86_400;
/** Domains that were known, until our own resolver knew none. */
const DOMAINS = 300;
/** Customers of a provider that gives each hosts of its own, and addresses of each: fewer than a site may lose. */
const CUSTOMERS = 12;
const OF_EACH = 15;

test(
  'a provider calls everybody unknown for ten minutes, and our resolver knows no domain: at most 100 addresses go each time, also where each customer of the provider has hosts of its own, the alert rises, undo restores just those; a rule changed by the API decides on two replicas within 5 s',
  { timeout: 240_000 },
  async () => {
    const well = provider('well', '127.47.0.1', {
      recipients: [{ who: { local: 'dead-*' }, does: { kind: 'refuse', reply: UNKNOWN } }],
    });
    const other = provider('other', '127.47.0.2', {
      recipients: [{ who: { local: 'dead-*' }, does: { kind: 'refuse', reply: UNKNOWN } }],
    });
    await using world = await startWorld({ providers: [well, other, ...customers()], workers: 2 });
    await world.stack.addBounceProcessor();
    // One address in 200 is unknown, as ever.
    const named = (count: number, name: string): readonly string[] =>
      Array.from({ length: count }, (_, n) => `${n % 200 === 0 ? 'dead' : name}-${n}@well.test`);
    const earlier = named(BEFORE, 'user');
    await (await world.post(earlier)).untilFinished({ limitMs: 60_000 });
    const before = await quarantined(world);
    expect(before.map(({ address }) => address).toSorted()).toEqual(
      earlier.filter((address) => address.startsWith('dead-')).toSorted(),
    );

    await putClockForward(world, DAY_SECONDS);
    const from = await now(world);
    await world.sims.providers.get('well')?.setBehaviour(EVERYBODY);
    for (let minute = 0; minute < MINUTES; minute += 1) {
      await putClockForward(world, DAY_SECONDS + minute * 60);
      const campaign = await world.post([
        ...Array.from({ length: A_MINUTE }, (_, n) => `user-${minute * A_MINUTE + n + 1}@well.test`),
        `dead-${minute}@other.test`,
      ]);
      await campaign.untilFinished({ limitMs: 60_000 });
    }
    const during = await quarantined(world);
    const gone = during.filter(({ address }) => address.endsWith('@well.test')).length - before.length;
    expect(gone).toBeGreaterThan(0);
    expect(gone).toBeLessThanOrEqual(100);
    // A truly unknown address elsewhere still goes.
    expect(during.filter(({ address }) => address.endsWith('@other.test'))).toHaveLength(MINUTES);
    await until('the alert', () => metric(world, 'mxflow_guard_alarmed_sites'), {
      is: (sites) => sites === 1,
      withinMs: 30_000,
    });

    const window = {
      from,
      to: new Date(Date.now() + 2 * DAY_SECONDS * 1000).toISOString(),
    };
    const report = await send(world, 'POST', '/v1/quarantine/undo', {
      ...window,
      site: 'well.test',
      reason: 'user-unknown',
    });
    expect(report).toMatchObject({ restored: gone, changedSince: 0 });
    expect((await quarantined(world)).filter(({ address }) => address.endsWith('@well.test'))).toEqual(before);
    expect(await world.query(`SELECT 1 FROM quarantine WHERE address LIKE 'user-%'`)).toEqual([]);
    await aProviderOfManySites(world);
    await ourResolverFails(world);
    await aRuleIsChanged(world);
  },
);

function customers(): readonly ProviderSpec[] {
  return Array.from({ length: CUSTOMERS }, (_, n) => ({
    name: `customer-${n}`,
    domains: [`customer-${n}.test`],
    mxHosts: [{ host: `customer-${n}.mx.many.test`, preference: 10, addresses: [`127.47.1.${n + 1}`] }],
    behaviour: EVERYBODY,
  }));
}

/** Fewer errors at each site than its own guard minds. */
async function aProviderOfManySites(world: World): Promise<void> {
  const from = await now(world);
  const campaign = await world.post(
    Array.from({ length: CUSTOMERS * OF_EACH }, (_, n) => `member-${n}@customer-${n % CUSTOMERS}.test`),
  );
  await campaign.untilFinished({ limitMs: 60_000 });
  const members = async (): Promise<readonly Standing[]> =>
    (await quarantined(world)).filter(({ address }) => address.startsWith('member-'));
  const gone = (await members()).length;
  expect(gone).toBeGreaterThan(0);
  expect(gone).toBeLessThanOrEqual(100);
  const held = { errors: CUSTOMERS * OF_EACH - gone };
  const many = { provider: 'many.test' };
  expect(await send(world, 'POST', '/v1/quarantine/held/drop', many)).toMatchObject(held);
  const report = await send(world, 'POST', '/v1/quarantine/undo', { ...many, from, to: await now(world) });
  expect(report).toMatchObject({ restored: gone, changedSince: 0 });
  expect(await members()).toEqual([]);
}

/** Every domain is none, for our resolver: the first such error is to quarantine here, as the third is else. */
async function ourResolverFails(world: World): Promise<void> {
  await send(world, 'PUT', '/v1/policies/invalid-domain', { quarantineAt: 1, releaseDays: null });
  const from = await now(world);
  // Not tried again meanwhile: each is told once.
  await world.post(
    Array.from({ length: DOMAINS }, (_, n) => `reader@known-${n}.test`),
    { retry: { delaysSeconds: [3000], thenEverySeconds: 3000, greylistSeconds: 3000 } },
  );
  const settled = await until('every domain to be asked for', () => ofResolver(world), {
    is: ({ gone, held }) => gone + held === DOMAINS,
    withinMs: 60_000,
  });
  expect(settled.gone).toBeGreaterThan(0);
  expect(settled.gone).toBeLessThanOrEqual(100);
  await until('the alert', () => metric(world, 'mxflow_guard_alarmed_sites'), {
    is: (sites) => sites === 3,
    withinMs: 30_000,
  });
  const window = { from, to: await now(world), site: 'resolver', reason: 'invalid-domain' };
  const report = await send(world, 'POST', '/v1/quarantine/undo', window);
  expect(report).toMatchObject({ restored: settled.gone, changedSince: 0 });
  await send(world, 'POST', '/v1/quarantine/held/drop', { site: 'resolver' });
  expect(await ofResolver(world)).toEqual({ gone: 0, held: 0 });
}

async function ofResolver(world: World): Promise<{ readonly gone: number; readonly held: number }> {
  const [counted] = await world.query<{ gone: number; held: number }>(
    `SELECT (SELECT count(*)::int FROM quarantine WHERE address LIKE 'reader@known-%' AND status = 'quarantined') AS gone,
       (SELECT count(*)::int FROM guard_held WHERE site_id = 0) AS held`,
  );
  return counted ?? { gone: 0, held: 0 };
}

/** Both replicas take their turns at outcomes: what every one of forty messages is read as, both read it as. */
async function aRuleIsChanged(world: World): Promise<void> {
  const reply = { code: 550, lines: ['wibble wobble'] };
  await world.sims.providers
    .get('other')
    ?.setBehaviour({ recipients: [{ who: 'everyone', does: { kind: 'refuse', reply } }] });
  const reasons = async (): Promise<string> => {
    const campaign = await world.post(Array.from({ length: 40 }, (_, n) => `odd-${n}@other.test`));
    await campaign.untilFinished({ limitMs: 60_000 });
    const rows = await world.query<{ reason: string }>(
      `SELECT DISTINCT failure_reason AS reason FROM delivery_log l JOIN jobs j ON j.id = l.job_id
       WHERE j.public_id = $1 AND status = 'failed' ORDER BY 1`,
      [campaign.id],
    );
    return rows.map(({ reason }) => reason).join();
  };
  expect(await reasons()).toBe('not-defined');
  const rule = { pattern: 'wibble wobble', where: ['reply'], reason: 'refused', type: 'soft', detail: 'policy' };
  await send(world, 'PUT', '/v1/bounce-rules/Mine', { ...rule, matches: ['550 wibble wobble'], leaves: ['550 other'] });
  const changedAt = performance.now();
  await until('both replicas to read by the rule', reasons, { is: (read) => read === 'refused', withinMs: 5000 });
  expect(performance.now() - changedAt).toBeLessThan(6000);
  expect(await reasons()).toBe('refused');
}

async function now(world: World): Promise<string> {
  const [row] = await world.query<{ at: string }>('SELECT mxflow_now()::text AS at');
  return new Date(row?.at ?? '').toISOString();
}

type Standing = { readonly address: string } & Readonly<Record<string, unknown>>;

async function quarantined(world: World): Promise<readonly Standing[]> {
  return await world.query<Standing>(
    `SELECT address, status::text, error_count, reason, rule, quarantined_at FROM quarantine
     WHERE status = 'quarantined' ORDER BY address`,
  );
}

/** A figure over all processes. */
async function metric({ stack }: World, name: string): Promise<number> {
  const texts = await Promise.all(stack.metrics.map(async (url) => await (await fetch(url)).text()));
  const samples = texts.flatMap((text) => [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'gm'))]);
  return samples.reduce((sum, [, value]) => sum + Number(value), 0);
}

async function send({ stack }: World, method: 'POST' | 'PUT', path: string, body: object): Promise<object> {
  const answer = await fetch(`${stack.api}${path}`, {
    method,
    headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as object;
}
