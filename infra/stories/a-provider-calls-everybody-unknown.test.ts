import { expect, test } from 'vitest';

import type { Behaviour } from '@mxflow/provider-sim';

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

test(
  'a provider calls everybody unknown for ten minutes: at most 100 addresses go, the alert rises, undo restores just those',
  { timeout: 240_000 },
  async () => {
    const well = provider('well', '127.47.0.1', {
      recipients: [{ who: { local: 'dead-*' }, does: { kind: 'refuse', reply: UNKNOWN } }],
    });
    const other = provider('other', '127.47.0.2', {
      recipients: [{ who: { local: 'dead-*' }, does: { kind: 'refuse', reply: UNKNOWN } }],
    });
    await using world = await startWorld({ providers: [well, other], workers: 2 });
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
    const [began] = await world.query<{ at: string }>('SELECT mxflow_now()::text AS at');
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
      from: new Date(began?.at ?? '').toISOString(),
      to: new Date(Date.now() + 2 * DAY_SECONDS * 1000).toISOString(),
    };
    const report = await post(world, '/v1/quarantine/undo', { ...window, site: 'well.test', reason: 'user-unknown' });
    expect(report).toMatchObject({ restored: gone, changedSince: 0 });
    expect((await quarantined(world)).filter(({ address }) => address.endsWith('@well.test'))).toEqual(before);
    expect(await world.query(`SELECT 1 FROM quarantine WHERE address LIKE 'user-%'`)).toEqual([]);
  },
);

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

async function post({ stack }: World, path: string, body: object): Promise<object> {
  const answer = await fetch(`${stack.api}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as object;
}
