import { expect, test } from 'vitest';

import { decideRecipient, type Note } from './decide.ts';
import {
  DEAD_MX_HOST,
  DEMO_LIMITS,
  DEMO_SEED,
  demoProviders,
  demoRecipients,
  demoScenario,
  EXPECTED,
} from './demo-scenario.ts';
import { parseScenario, type ProviderSpec } from './scenario.ts';

const RETRY_EVERY_MS = 2000;
const MOST_ATTEMPTS = 6;

/** Tries a recipient at its provider until it is accepted or refused, and answers the codes it heard. */
function codesFor(address: string, provider: ProviderSpec): number[] {
  const counts = new Map<string, number>();
  const seen = new Map<string, number>();
  const write = (notes: readonly Note[], nowMs: number): void => {
    for (const note of notes) {
      if (note.kind === 'count') counts.set(note.key, (counts.get(note.key) ?? 0) + 1);
      else seen.set(note.triplet, nowMs);
    }
  };
  const setting = {
    behaviour: provider.behaviour,
    seed: DEMO_SEED,
    source: '127.0.0.1',
    host: provider.mxHosts[0]?.host ?? '',
    memory: {
      timesNoted: (key: string) => counts.get(key) ?? 0,
      firstSeenAtMs: (triplet: string) => seen.get(triplet),
    },
  };
  const codes: number[] = [];
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
    const nowMs = attempt * RETRY_EVERY_MS;
    const { answer, notes } = decideRecipient(setting, { reversePath: 'b@x', forwardPath: address, nowMs });
    write(notes, nowMs);
    const code = answer.kind === 'reply' ? answer.code : 0;
    codes.push(code);
    if (code < 300 || code >= 500) break;
  }
  return codes;
}

test('the recipients, played through their providers, give the expected counts', () => {
  const byDomain = new Map(demoProviders().flatMap((spec) => spec.domains.map((domain) => [domain, spec] as const)));
  const found: Record<string, Record<string, number>> = {};
  for (const { address } of demoRecipients()) {
    const provider = byDomain.get(address.slice(address.indexOf('@') + 1));
    if (provider === undefined) throw new Error(`expected a provider of ${address}`);
    const codes = codesFor(address, provider);
    const last = codes.at(-1) ?? 0;
    const row = (found[provider.name] ??= { recipients: 0, sent: 0, failed: 0, deferredOnce: 0, greylisted: 0 });
    row['recipients']! += 1;
    row[last < 300 ? 'sent' : 'failed']! += 1;
    expect(last < 300 || last >= 500, `${address} ends`).toBe(true);
    if (address.startsWith('busy.')) row['deferredOnce']! += 1;
    const deferrals = codes.length - 1 - (address.startsWith('busy.') ? 1 : 0);
    expect(deferrals).toBeLessThanOrEqual(1);
    row['greylisted']! += deferrals;
  }
  expect(found).toEqual(EXPECTED.providers);
});

test('the expected counts agree with one another', () => {
  const rows = Object.values(EXPECTED.providers);
  const sum = (figure: keyof (typeof rows)[number]): number => rows.reduce((total, row) => total + row[figure], 0);
  expect(sum('recipients')).toBe(EXPECTED.accepted);
  expect(sum('sent')).toBe(EXPECTED.statuses.sent);
  expect(sum('failed')).toBe(EXPECTED.statuses.failed);
  expect(sum('deferredOnce')).toBe(EXPECTED.deferredOnce);
  expect(sum('greylisted')).toBe(EXPECTED.greylisted);
  const { unknown, full, inactive } = EXPECTED.failures;
  expect(unknown + full + inactive).toBe(EXPECTED.statuses.failed);
  const local = (fate: string): number =>
    demoRecipients().filter(({ address }) => address.startsWith(`${fate}.`)).length;
  expect({ unknown: local('unknown'), full: local('full'), inactive: local('inactive') }).toEqual(EXPECTED.failures);
});

test('the same recipients each time, no address twice', () => {
  const recipients = demoRecipients();
  expect(recipients).toEqual(demoRecipients());
  expect(new Set(recipients.map(({ address }) => address)).size).toBe(EXPECTED.accepted);
});

test('one MX pair has a dead first host, and the world survives its JSON form', () => {
  const scenario = demoScenario();
  expect(parseScenario(JSON.parse(JSON.stringify(scenario)))).toEqual(scenario);
  const pair = scenario.providers.find(({ name }) => name === 'small-business')?.mxHosts;
  expect(pair?.map(({ host, preference, behaviour }) => [host, preference, behaviour?.listening])).toEqual([
    [DEAD_MX_HOST, 10, 'refused'],
    ['mx2.small-business.test', 20, undefined],
  ]);
  expect(DEMO_LIMITS).toContainEqual({
    name: 'orange-sim',
    mask: '*.orange-sim.test',
    maxConnections: 2,
    maxMessagesPerConnection: 100,
  });
});
