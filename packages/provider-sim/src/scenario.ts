import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';

import { Behaviour } from './behaviour.ts';
import { Zone } from './dns-zone.ts';

const closed = { additionalProperties: false } as const;

/** One name of an MX record with the addresses behind it; its behaviour overlays the provider's, field by field. */
export const MxHostSpec = Type.Object(
  {
    host: Type.String(),
    preference: Type.Integer({ minimum: 0, maximum: 65535 }),
    addresses: Type.Array(Type.String(), { minItems: 1 }),
    behaviour: Type.Optional(Behaviour),
  },
  closed,
);
export type MxHostSpec = Static<typeof MxHostSpec>;

/** One simulated provider: its MX hosts serve all its domains. */
export const ProviderSpec = Type.Object(
  {
    name: Type.String(),
    mxHosts: Type.Array(MxHostSpec, { minItems: 1 }),
    domains: Type.Array(Type.String()),
    behaviour: Behaviour,
    ttlSeconds: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  closed,
);
export type ProviderSpec = Static<typeof ProviderSpec>;

/** A whole world. `zone` adds names, or replaces those that follow from the providers. */
export const Scenario = Type.Object(
  {
    seed: Type.Integer(),
    providers: Type.Array(ProviderSpec),
    zone: Type.Optional(Zone),
  },
  closed,
);
export type Scenario = Static<typeof Scenario>;

/** Input from outside that does not fit its schema. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
  readonly code = 'SCENARIO_INVALID';
}

/** Reads a scenario from its JSON form. */
export function parseScenario(value: unknown): Scenario {
  return parseAs(Scenario, value, 'scenario');
}

/** Reads a behaviour from its JSON form. */
export function parseBehaviour(value: unknown): Behaviour {
  return parseAs(Behaviour, value, 'behaviour');
}

/** Reads what is known about a DNS name, or `null` for nothing any more, from its JSON form. */
export function parseZone(value: unknown): Zone {
  return parseAs(Zone, value, 'zone');
}

function parseAs<Schema extends Type.TSchema>(schema: Schema, value: unknown, noun: string): Static<Schema> {
  if (Value.Check(schema, value)) return value;
  const faults = [...Value.Errors(schema, value)].slice(0, 5);
  const found = faults.map(({ instancePath, message }) => `${instancePath === '' ? '/' : instancePath} ${message}`);
  throw new ScenarioError(`expected a ${noun}, found: ${found.join('; ')}`);
}
