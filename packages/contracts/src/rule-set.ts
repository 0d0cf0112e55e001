import { Type, type Static } from 'typebox';

const closed = { additionalProperties: false } as const;
const Figure = Type.Integer({ minimum: 1, maximum: 100_000_000 });
const Seconds = Type.Integer({ minimum: 1, maximum: 3600 });

/** The three limits of one rule at one level. None may be left out. */
export const RuleLimits = Type.Object(
  { maxConnections: Figure, maxMessagesPerConnection: Figure, messagesPerHour: Figure },
  closed,
);

const presets = {
  slow: RuleLimits,
  normal: RuleLimits,
  fast: RuleLimits,
  'very-fast': RuleLimits,
  boost: RuleLimits,
} as const;

const fields = {
  mask: Type.String({ minLength: 1, maxLength: 300, description: 'Over MX host names: * and ?' }),
  publicIds: Type.Optional(Type.String({ maxLength: 1000, description: 'Empty: all sources; else 1,3-7' })),
  shared: Type.Optional(Type.Boolean({ description: 'Counted a source over all MX IPs that the rule matches' })),
  connectTimeoutSeconds: Type.Optional(Seconds),
  dataTimeoutSeconds: Type.Optional(Seconds),
  timeoutSeconds: Type.Optional(Seconds),
  tls: Type.Optional(Type.Enum(['default', 'disabled', 'opportunistic', 'required'])),
  block: Type.Optional(
    Type.Object(
      {
        messages: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
        failurePercent: Type.Integer({ minimum: 1, maximum: 100 }),
        hours: Type.Integer({ minimum: 1, maximum: 720 }),
      },
      closed,
    ),
  ),
  note: Type.Optional(Type.String({ maxLength: 1000, description: 'Where the figures come from' })),
} as const;
const RuleId = Type.String({ pattern: '^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$' });

/** A rule as a rule set brings it: all five presets, and no figures for Custom, which are the operator's own. */
export const SetMxRule = Type.Object({ id: RuleId, ...fields, limits: Type.Object(presets, closed) }, closed);

/** The MX part of a rule set: rules in their order, the last of them `any`. */
export const MxRuleSet = Type.Object(
  { mxRules: Type.Array(SetMxRule, { minItems: 1, maxItems: 5000 }) },
  { ...closed, title: 'MxRuleSet' },
);
export type MxRuleSet = Static<typeof MxRuleSet>;

const limits = Type.Object({ ...presets, custom: Type.Optional(RuleLimits) }, closed);

/** A rule as an operator writes it. */
export const MxRulePut = Type.Object({ ...fields, limits }, { ...closed, title: 'MxRulePut' });

export const MxRuleView = Type.Object(
  {
    id: RuleId,
    ...fields,
    limits: Type.Partial(limits),
    origin: Type.Enum(['bundled', 'pulled', 'local']),
  },
  { ...closed, title: 'MxRule' },
);
export type MxRuleView = Static<typeof MxRuleView>;
