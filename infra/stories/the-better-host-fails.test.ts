import { readReferee, type Behaviour, type ProviderSpec } from '@mxflow/provider-sim';
import { expect, test } from 'vitest';

import { gatherEvidence } from './evidence.ts';
import { recipientsAt } from './providers.ts';
import { until } from './until.ts';
import { startWorld, type World } from './world.ts';

const EACH = 20;

/** Behaviour of the better host; the backup always answers. */
const BETTER = {
  answers: {},
  refuses: { listening: 'refused' },
  silent: { listening: 'unreachable' },
  busy: { faults: [{ at: 'greeting', does: { code: 421, lines: ['4.3.2 Come back later'] } }] },
  defers: { recipients: [{ who: 'everyone', does: { kind: 'defer', reply: 'greylisted', times: 1 } }] },
  rejects: { recipients: [{ who: 'everyone', does: { kind: 'refuse', reply: 'unknown-user' } }] },
} as const satisfies Record<string, Behaviour>;

type Name = keyof typeof BETTER;
const NAMES = Object.keys(BETTER) as Name[];
/** Their better host cannot be reached. */
const FAILING = ['refuses', 'silent', 'busy'] as const satisfies readonly Name[];
const SPECS = NAMES.map(specOf);

test('a backup host is used while the better one cannot be reached, and only then', { timeout: 240_000 }, async () => {
  await using world = await startWorld({
    providers: SPECS,
    workers: 1,
    rules: [{ connectTimeoutSeconds: 1 }],
    settings: { MXFLOW_IDLE_CONNECTION: '0s' },
  });
  const campaign = await world.post(recipientsAt(SPECS, EACH * SPECS.length));
  await campaign.untilFinished({ limitMs: 90_000 });
  const evidence = await gatherEvidence(world, campaign);
  expect(evidence.faults).toEqual([]);
  expect(evidence.statuses).toEqual({ sent: EACH * (SPECS.length - 1), failed: EACH });

  const seen = await readSeen(world);
  for (const name of NAMES) {
    const backupSaw = seen.get(`${name} backup`) ?? NOTHING;
    if (FAILING.some((failing) => failing === name)) expect([name, backupSaw.accepted]).toEqual([name, EACH]);
    else expect([name, backupSaw.opened]).toEqual([name, 0]);
  }

  for (const name of FAILING) await world.sims.providers.get(name)?.setBehaviour({}, hostOf(name, 'better'));
  await untilBetterIsBack(world);
  const before = await readSeen(world);
  const healed = SPECS.filter(({ name }) => FAILING.some((failing) => failing === name));
  const after = await world.post(recipientsAt(healed, EACH * healed.length, 'healed'));
  await after.untilFinished({ limitMs: 90_000 });
  const last = await readSeen(world);
  for (const name of FAILING) {
    expect([name, last.get(`${name} backup`)]).toEqual([name, before.get(`${name} backup`)]);
    expect(last.get(`${name} better`)?.accepted).toBe((before.get(`${name} better`)?.accepted ?? 0) + EACH);
  }
});

type Place = 'better' | 'backup';

function hostOf(name: Name, place: Place): string {
  return `${place}.${name}.test`;
}

function addressOf(name: Name, place: Place): string {
  return `127.40.2.${NAMES.indexOf(name) * 2 + (place === 'better' ? 1 : 2)}`;
}

function specOf(name: Name): ProviderSpec {
  const places = [
    { place: 'better', preference: 10, behaviour: BETTER[name] },
    { place: 'backup', preference: 20, behaviour: {} },
  ] as const;
  return {
    name,
    domains: [`${name}.test`],
    mxHosts: places.map(({ place, preference, behaviour }) => ({
      host: hostOf(name, place),
      preference,
      addresses: [addressOf(name, place)],
      behaviour,
    })),
    behaviour: {},
  };
}

/** Posts a message to each healed provider, again and again, until each is accepted by the better host. */
async function untilBetterIsBack(world: World): Promise<void> {
  const healed = SPECS.filter(({ name }) => FAILING.some((failing) => failing === name));
  let round = 0;
  await until(
    'mail goes to the better hosts again',
    async () => {
      round += 1;
      const probe = await world.post(recipientsAt(healed, healed.length, `probe${round}`));
      await probe.untilFinished({ limitMs: 90_000 });
      const seen = await readSeen(world);
      return FAILING.filter((name) => (seen.get(`${name} better`)?.accepted ?? 0) === 0);
    },
    { is: (missing) => missing.length === 0, withinMs: 60_000 },
  );
}

type Seen = { readonly opened: number; readonly accepted: number };
const NOTHING: Seen = { opened: 0, accepted: 0 };

/** `PROVIDER better` or `PROVIDER backup` → what that host has seen. */
async function readSeen({ sims, refereeFile }: World): Promise<ReadonlyMap<string, Seen>> {
  const places = new Map(
    NAMES.flatMap((name) =>
      (['better', 'backup'] as const).map((place) => [addressOf(name, place), `${name} ${place}`] as const),
    ),
  );
  const seen = new Map<string, Seen>();
  sims.referee.flush();
  for await (const { e, dst } of readReferee(refereeFile)) {
    const place = places.get(dst) ?? dst;
    const { opened, accepted } = seen.get(place) ?? NOTHING;
    if (e === 'open') seen.set(place, { opened: opened + 1, accepted });
    if (e === 'accepted') seen.set(place, { opened, accepted: accepted + 1 });
  }
  return seen;
}
