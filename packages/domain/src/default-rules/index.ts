import { PRESETS, type Preset } from '../level.ts';
import { ANY_MASK, ANY_RULE_ID, type Limits, type MxRule } from '../mx-rule.ts';
import { AMERICAS } from './americas.ts';
import { ASIA } from './asia.ts';
import { EUROPE } from './europe.ts';
import type { ProviderLimits } from './provider-limits.ts';
import { WORLD } from './world.ts';

/** Percent of the hourly figure of Boost that each preset sends. */
const RATE_PERCENT: Readonly<Record<Preset, number>> = { slow: 5, normal: 15, fast: 40, 'very-fast': 70, boost: 100 };

/** Percent of the connections of Boost: they fall more slowly than the rate, since an idle one costs a provider little. */
const CONNECTION_PERCENT: Readonly<Record<Preset, number>> = {
  slow: 20,
  normal: 40,
  fast: 60,
  'very-fast': 80,
  boost: 100,
};

/** All five presets of a rule, made from the figures of Boost. No preset is above the next, and none below 1. */
export function presetsOf(boost: Limits): Readonly<Record<Preset, Limits>> {
  const parts = PRESETS.map((preset) => [
    preset,
    {
      maxConnections: part(boost.maxConnections, CONNECTION_PERCENT[preset]),
      maxMessagesPerConnection: boost.maxMessagesPerConnection,
      messagesPerHour: part(boost.messagesPerHour, RATE_PERCENT[preset]),
    },
  ]);
  return Object.fromEntries(parts) as Record<Preset, Limits>;
}

function part(figure: number, percent: number): number {
  return Math.max(1, Math.floor((figure * percent) / 100));
}

const TIMEOUTS = { connectTimeoutSeconds: 10, dataTimeoutSeconds: 240, timeoutSeconds: 60 } as const;

/** What holds for every MX host that no rule names: each MX IP counts alone. */
const ANY: MxRule = {
  id: ANY_RULE_ID,
  mask: ANY_MASK,
  publicIds: '',
  shared: false,
  limits: presetsOf({ maxConnections: 10, maxMessagesPerConnection: 100, messagesPerHour: 100_000 }),
  ...TIMEOUTS,
  tls: 'default',
  origin: 'bundled',
  note: 'Every MX host that no other rule names.',
};

/**
 * The bundled rule set: in force until a deliverability instance brings a newer one. Every named rule is shared, since
 * a provider counts a sending IP over all its machines.
 */
export const DEFAULT_MX_RULES: readonly MxRule[] = [...[WORLD, AMERICAS, EUROPE, ASIA].flat().map(toRule), ANY];

function toRule({ id, mask, tls = 'default', note, ...figures }: ProviderLimits): MxRule {
  const limits = presetsOf({
    maxConnections: figures.connections,
    maxMessagesPerConnection: figures.messagesPerConnection,
    messagesPerHour: figures.perHour,
  });
  return { id, mask, publicIds: '', shared: true, limits, ...TIMEOUTS, tls, origin: 'bundled', note };
}
