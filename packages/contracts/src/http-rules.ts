import { Type, type Static, type TSchema } from 'typebox';

import { MxRuleView, RuleLimits } from './rule-set.ts';

const closed = { additionalProperties: false } as const;
export const Level = Type.Enum(['slow', 'normal', 'fast', 'very-fast', 'boost', 'custom']);
const Preset = Type.Enum(['slow', 'normal', 'fast', 'very-fast', 'boost']);
const Instant = Type.String({ format: 'date-time' });
const Nullable = <One extends TSchema>(one: One) => Type.Union([one, Type.Null()]);

export const MxRuleList = Type.Object(
  { version: Type.Integer(), level: Level, rules: Type.Array(MxRuleView) },
  { ...closed, title: 'MxRuleList' },
);
export type MxRuleList = Static<typeof MxRuleList>;

export const MxRuleOrder = Type.Object(
  { ids: Type.Array(Type.String(), { minItems: 1, maxItems: 5000, description: 'Every id once; `any` last' }) },
  { ...closed, title: 'MxRuleOrder' },
);

export const RuleFindings = Type.Object(
  {
    findings: Type.Array(
      Type.Object({ kind: Type.String(), ruleId: Type.Optional(Type.String()), text: Type.String() }, closed),
    ),
  },
  { ...closed, title: 'RuleFindings' },
);
export type RuleFindings = Static<typeof RuleFindings>;

/** What would be changed; any of these. */
export const DryRunPost = Type.Object(
  {
    put: Type.Optional(Type.Unknown({ description: 'A rule with its id, as PUT /v1/rules/{id} takes it' })),
    before: Type.Optional(Type.String({ description: 'Where it would stand: before this rule; else first' })),
    delete: Type.Optional(Type.String()),
    level: Type.Optional(Level),
  },
  { ...closed, title: 'DryRunPost' },
);

const Verdict = Type.Object({ ruleId: Type.String(), limits: RuleLimits }, closed);
export const DryRun = Type.Object(
  {
    looked: Type.Integer({ description: 'Domains and hosts of the last week that were looked at' }),
    changes: Type.Array(
      Type.Object(
        {
          domain: Type.String(),
          mxHost: Type.String(),
          source: Type.Integer(),
          messages: Type.Integer(),
          before: Verdict,
          after: Verdict,
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'DryRun' },
);
export type DryRun = Static<typeof DryRun>;

const ScopeView = Type.Object(
  {
    scope: Type.String(),
    connections: Type.Integer(),
    maxConnections: Type.Integer(),
    messagesPerHour: Type.Integer(),
    tokens: Type.Number(),
    outstanding: Type.Number(),
    binds: Type.Optional(Type.String()),
  },
  closed,
);
export const RuleExplanation = Type.Object(
  {
    resolution: Type.String(),
    domainRule: Type.Optional(Type.Object({ id: Type.String(), action: Type.Enum(['no-mail', 'deliver']) }, closed)),
    hosts: Type.Array(
      Type.Object(
        {
          mxHost: Type.String(),
          preference: Type.Integer(),
          source: Type.Integer(),
          ruleId: Type.String(),
          why: Type.String(),
          level: Level,
          limits: RuleLimits,
          scopes: Type.Array(ScopeView),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'RuleExplanation' },
);
export type RuleExplanation = Static<typeof RuleExplanation>;

export const LevelBody = Type.Object({ level: Level }, { ...closed, title: 'Level' });
export type LevelBody = Static<typeof LevelBody>;

export const RampPlanBody = Type.Object(
  {
    upTo: Preset,
    daysPerLevel: Type.Number({ minimum: 0.01, maximum: 365 }),
    minMessages: Type.Integer({ minimum: 1, maximum: 100_000_000 }),
    maxHardPercent: Type.Number({ minimum: 0, maximum: 100 }),
    maxComplaintPercent: Type.Number({ minimum: 0, maximum: 100 }),
  },
  { ...closed, title: 'RampPlan' },
);

export const SourceChangeBody = Type.Object(
  {
    level: Type.Optional(Nullable(Preset)),
    paused: Type.Optional(Type.Boolean()),
    ramp: Type.Optional(Nullable(RampPlanBody)),
  },
  { ...closed, title: 'SourceChange' },
);

export const SourceView = Type.Object(
  {
    publicId: Type.Integer(),
    publicIp: Type.String(),
    heloName: Type.String(),
    weight: Type.Number(),
    pools: Type.Array(Type.String()),
    includeDomains: Type.Array(Type.String()),
    excludeDomains: Type.Array(Type.String()),
    level: Type.Optional(Preset),
    paused: Type.Boolean(),
    ramp: Type.Optional(RampPlanBody),
  },
  { ...closed, title: 'Source' },
);
export type SourceView = Static<typeof SourceView>;
export const SourceList = Type.Object({ sources: Type.Array(SourceView) }, { ...closed, title: 'SourceList' });
export type SourceList = Static<typeof SourceList>;

export const SourceHistory = Type.Object(
  {
    history: Type.Array(
      Type.Object(
        {
          at: Instant,
          levelBefore: Type.Optional(Preset),
          levelAfter: Type.Optional(Preset),
          reason: Type.String(),
          facts: Type.Optional(
            Type.Object({ messages: Type.Integer(), hard: Type.Integer(), complaints: Type.Integer() }, closed),
          ),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'SourceHistory' },
);
export type SourceHistory = Static<typeof SourceHistory>;
