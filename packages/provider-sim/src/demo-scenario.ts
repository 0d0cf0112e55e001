import type { Behaviour, RecipientRule } from './behaviour.ts';
import { DEMO_NAMES } from './demo-names.ts';
import type { MxHostSpec, ProviderSpec, Scenario } from './scenario.ts';
import { drawOf, pickBy } from './seeded-draw.ts';

/** Everything in the sample campaign follows from this number. */
export const DEMO_SEED = 20_260_301;

/** One line of a job's recipients. */
export type DemoRecipient = {
  readonly address: string;
  readonly variables: Readonly<Record<string, string>>;
};

/** What awaits a recipient, told by the first word of its local part; `plain` has none and is accepted at once. */
export type DemoFate = 'plain' | 'unknown' | 'full' | 'inactive' | 'busy';

type DemoProvider = {
  readonly name: string;
  readonly domains: readonly [string, ...string[]];
  readonly hosts: number;
  /** Recipients, and how many of them have which fate; the rest is plain. */
  readonly recipients: number;
  readonly fates: Readonly<Record<Exclude<DemoFate, 'plain'>, number>>;
  /** What the provider is known to allow one sending address. */
  readonly limits: { readonly maxConnections: number; readonly maxMessagesPerConnection: number };
  readonly behaviour: Behaviour;
};

/** A first attempt of each triplet is turned away for this long at the greylisting provider. */
const GREYLIST_MS = 1500;

const DEMO_PROVIDERS: readonly DemoProvider[] = [
  {
    name: 'gmail-sim',
    domains: ['gmail-sim.test'],
    hosts: 4,
    recipients: 560,
    fates: { unknown: 36, full: 12, inactive: 8, busy: 28 },
    limits: { maxConnections: 5, maxMessagesPerConnection: 50 },
    behaviour: { texts: 'gmail', tls: 'offered' },
  },
  {
    name: 'outlook-sim',
    domains: ['outlook-sim.test', 'hotmail-sim.test'],
    hosts: 3,
    recipients: 400,
    fates: { unknown: 26, full: 8, inactive: 6, busy: 20 },
    limits: { maxConnections: 5, maxMessagesPerConnection: 50 },
    behaviour: { texts: 'outlook' },
  },
  {
    name: 'yahoo-sim',
    domains: ['yahoo-sim.test', 'ymail-sim.test'],
    hosts: 3,
    recipients: 260,
    fates: { unknown: 17, full: 5, inactive: 4, busy: 13 },
    limits: { maxConnections: 10, maxMessagesPerConnection: 20 },
    behaviour: { texts: 'yahoo' },
  },
  {
    name: 'orange-sim',
    domains: ['orange-sim.test', 'wanadoo-sim.test'],
    hosts: 2,
    recipients: 180,
    fates: { unknown: 12, full: 4, inactive: 2, busy: 9 },
    limits: { maxConnections: 2, maxMessagesPerConnection: 100 },
    behaviour: { texts: 'orange' },
  },
  {
    name: 'gmx-sim',
    domains: ['gmx-sim.test', 'web-sim.test'],
    hosts: 2,
    recipients: 200,
    fates: { unknown: 13, full: 4, inactive: 3, busy: 10 },
    limits: { maxConnections: 4, maxMessagesPerConnection: 20 },
    behaviour: { texts: 'gmx', greylistMs: GREYLIST_MS, greylistPer: 'network' },
  },
  {
    name: 'icloud-sim',
    domains: ['icloud-sim.test', 'me-sim.test'],
    hosts: 2,
    recipients: 160,
    fates: { unknown: 10, full: 3, inactive: 3, busy: 8 },
    limits: { maxConnections: 10, maxMessagesPerConnection: 5 },
    behaviour: { texts: 'icloud' },
  },
  {
    name: 'qq-sim',
    domains: ['qq-sim.test'],
    hosts: 2,
    recipients: 120,
    fates: { unknown: 8, full: 2, inactive: 2, busy: 6 },
    limits: { maxConnections: 4, maxMessagesPerConnection: 8 },
    behaviour: { texts: 'qq', replyDelayMs: 5 },
  },
  {
    name: 'small-business',
    domains: ['bau-meyer.test', 'studio-lumen.test', 'cafe-central.test', 'praxis-nord.test'],
    hosts: 2,
    recipients: 120,
    fates: { unknown: 8, full: 2, inactive: 2, busy: 6 },
    limits: { maxConnections: 10, maxMessagesPerConnection: 100 },
    behaviour: { texts: 'postfix' },
  },
];

/** What the log must say in the end, recipient by recipient summed up. */
export const EXPECTED = {
  accepted: 2000,
  statuses: { sent: 1800, failed: 200, deferred: 0, ignored: 0, expired: 0, cancelled: 0, pending: 0 },
  /** Recipients by what befalls them on the way. */
  failures: { unknown: 130, full: 40, inactive: 30 },
  /** Told 4yz once by a busy mailbox, then accepted. */
  deferredOnce: 100,
  /** Told 451 by the greylisting provider, then accepted. */
  greylisted: 180,
  providers: {
    'gmail-sim': { recipients: 560, sent: 504, failed: 56, deferredOnce: 28, greylisted: 0 },
    'outlook-sim': { recipients: 400, sent: 360, failed: 40, deferredOnce: 20, greylisted: 0 },
    'yahoo-sim': { recipients: 260, sent: 234, failed: 26, deferredOnce: 13, greylisted: 0 },
    'orange-sim': { recipients: 180, sent: 162, failed: 18, deferredOnce: 9, greylisted: 0 },
    'gmx-sim': { recipients: 200, sent: 180, failed: 20, deferredOnce: 10, greylisted: 180 },
    'icloud-sim': { recipients: 160, sent: 144, failed: 16, deferredOnce: 8, greylisted: 0 },
    'qq-sim': { recipients: 120, sent: 108, failed: 12, deferredOnce: 6, greylisted: 0 },
    'small-business': { recipients: 120, sent: 108, failed: 12, deferredOnce: 6, greylisted: 0 },
  },
} as const;

/** What each provider allows one sending address, with the mask under which its MX hosts fall. */
export const DEMO_LIMITS: readonly {
  readonly name: string;
  readonly mask: string;
  readonly maxConnections: number;
  readonly maxMessagesPerConnection: number;
}[] = DEMO_PROVIDERS.map(({ name, limits }) => ({ name, mask: `*.${mxDomain(name)}`, ...limits }));

/** The local parts that a fate is told by; the mailbox provider refuses or defers by the same masks. */
const FATE_RULES: readonly RecipientRule[] = [
  { name: 'unknown', who: { local: 'unknown.*' }, does: { kind: 'refuse', reply: 'unknown-user' } },
  { name: 'full', who: { local: 'full.*' }, does: { kind: 'refuse', reply: 'mailbox-full' } },
  { name: 'inactive', who: { local: 'inactive.*' }, does: { kind: 'refuse', reply: 'inactive' } },
  { name: 'busy', who: { local: 'busy.*' }, does: { kind: 'defer', reply: 'temporary-failure', times: 1 } },
];

/** The host of `small-business` with the lower preference: in DNS, and nobody listens. */
export const DEAD_MX_HOST = 'mx1.small-business.test';

/**
 * The eight providers of the sample campaign.
 *
 * `network` is the first two octets of their addresses. With `enforceLimits` they turn away what is above their limits:
 * connections by 421 in the greeting, messages by 421 to MAIL.
 */
export function demoProviders(
  options: { readonly network?: string; readonly enforceLimits?: boolean } = {},
): ProviderSpec[] {
  const { network = '127.10', enforceLimits = false } = options;
  return DEMO_PROVIDERS.map((provider, index) => ({
    name: provider.name,
    domains: [...provider.domains],
    mxHosts: mxHostsOf(provider, `${network}.${index + 1}`),
    behaviour: {
      ...provider.behaviour,
      recipients: [...FATE_RULES],
      ...(enforceLimits ? enforced(provider.limits) : {}),
    },
  }));
}

/** The sample campaign's world as a scenario. */
export function demoScenario(): Scenario {
  return { seed: DEMO_SEED, providers: demoProviders() };
}

function mxHostsOf({ name, hosts }: DemoProvider, network: string): MxHostSpec[] {
  return Array.from({ length: hosts }, (_none, index): MxHostSpec => {
    const host = `mx${index + 1}.${mxDomain(name)}`;
    const dead = host === DEAD_MX_HOST;
    return {
      host,
      preference: name === 'small-business' ? 10 * (index + 1) : 10,
      addresses: [`${network}.${index + 1}`],
      ...(dead ? { behaviour: { listening: 'refused' } } : {}),
    };
  });
}

function mxDomain(name: string): string {
  return `${name}.test`;
}

function enforced(limits: DemoProvider['limits']): Behaviour {
  return {
    connectionsPerSource: { max: limits.maxConnections },
    messagesPerConnection: { max: limits.maxMessagesPerConnection, ending: '421' },
  };
}

/** The recipients of the sample campaign, the same ones in the same order each time, providers and fates mixed. */
export function demoRecipients(): DemoRecipient[] {
  const recipients = DEMO_PROVIDERS.flatMap((provider) =>
    fatesOf(provider).map((fate, index) => recipientOf(provider, fate, index)),
  );
  const place = new Map(recipients.map(({ address }) => [address, drawOf(DEMO_SEED, 'order', address)]));
  return recipients.toSorted((one, other) => (place.get(one.address) ?? 0) - (place.get(other.address) ?? 0));
}

function fatesOf({ recipients, fates }: DemoProvider): DemoFate[] {
  const marked = Object.entries(fates).flatMap(([fate, times]) => Array<DemoFate>(times).fill(fate as DemoFate));
  return [...marked, ...Array<DemoFate>(recipients - marked.length).fill('plain')];
}

function recipientOf({ name, domains }: DemoProvider, fate: DemoFate, index: number): DemoRecipient {
  const key = `${name} ${index}`;
  const { firstName, firstLocal } = pickBy(drawOf(DEMO_SEED, 'first name', key), DEMO_NAMES.first);
  const { lastName, lastLocal } = pickBy(drawOf(DEMO_SEED, 'last name', key), DEMO_NAMES.last);
  const city = pickBy(drawOf(DEMO_SEED, 'city', key), DEMO_NAMES.cities);
  const domain = pickBy(drawOf(DEMO_SEED, 'domain', key), domains);
  // The number keeps addresses apart where names meet.
  const local = `${fate === 'plain' ? '' : `${fate}.`}${firstLocal}.${lastLocal}${index + 1}`;
  return {
    address: `${local}@${domain}`,
    variables: { firstName, lastName, city, customerNumber: `${1000 + index}` },
  };
}
