import { Type, type Static } from 'typebox';

import { Level } from './http-rules.ts';
import { RuleSetDiff } from './rule-set-document.ts';

const closed = { additionalProperties: false } as const;
const Instant = Type.String({ format: 'date-time' });
const Version = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });
const VersionInForce = Type.Union([Type.Integer({ minimum: 0, maximum: 2_147_483_647 }), Type.Null()]);

export const SyncStatus = Type.Object(
  {
    says: Type.String({ description: 'Where this instance stands, in a sentence' }),
    mode: Type.Enum(['following', 'pinned', 'custom', 'disabled', 'no-service']),
    level: Level,
    inForce: Type.Object(
      {
        mxRules: VersionInForce,
        bounceRules: VersionInForce,
        feedbackRules: VersionInForce,
        domainRules: VersionInForce,
        policies: VersionInForce,
      },
      {
        ...closed,
        description:
          'Of each list its version; null of the rules that came with mxflow, 0 of a source that was forgotten',
      },
    ),
    newest: Type.Optional(Type.Integer({ description: 'The highest version that was ever pulled and found sound' })),
    pinned: Type.Optional(Type.Integer()),
    bounceRulesInCustom: Type.Boolean({ description: 'At Custom bounce rules and policies are still pulled' }),
    isUnderWay: Type.Boolean(),
    succeededAt: Type.Optional(Instant),
    failures: Type.Integer({ description: 'In a row, since the last success' }),
    because: Type.Optional(Type.String({ description: 'Of the last failure' })),
    detail: Type.Optional(Type.String()),
    retryAt: Type.Optional(Instant),
    service: Type.Optional(
      Type.Object(
        {
          enabled: Type.Boolean(),
          source: Type.String(),
          at: Type.String({ description: 'Local time of day' }),
          zone: Type.String(),
          jitterMs: Type.Integer(),
          nextAt: Type.Optional(Instant),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'SyncStatus' },
);
export type SyncStatus = Static<typeof SyncStatus>;

export const SyncRunView = Type.Object(
  {
    id: Type.Integer(),
    cause: Type.Enum(['start', 'scheduled', 'demand', 'rollback', 'unpin', 'level']),
    dryRun: Type.Boolean(),
    askedAt: Instant,
    begunAt: Type.Optional(Instant),
    endedAt: Type.Optional(Instant),
    outcome: Type.Optional(Type.Enum(['applied', 'unchanged', 'kept-back', 'refused', 'failed', 'lost'])),
    because: Type.Optional(Type.String()),
    detail: Type.Optional(Type.String()),
    versionBefore: Type.Optional(Type.Integer()),
    versionAfter: Type.Optional(Type.Integer()),
    diff: Type.Optional(RuleSetDiff),
  },
  { ...closed, title: 'SyncRun' },
);
export type SyncRunView = Static<typeof SyncRunView>;
export const SyncRunList = Type.Object(
  { runs: Type.Array(SyncRunView), next: Type.Optional(Type.String()) },
  { ...closed, title: 'SyncRunList' },
);
export type SyncRunList = Static<typeof SyncRunList>;

export const SyncRunPost = Type.Object(
  { dryRun: Type.Optional(Type.Boolean({ description: 'Fetch and check, and only tell what would change' })) },
  { ...closed, title: 'SyncRunPost' },
);

export const StoredRuleSet = Type.Object(
  {
    version: Version,
    publishedAt: Instant,
    note: Type.String(),
    source: Type.String(),
    fetchedAt: Instant,
    appliedAt: Type.Optional(Instant),
  },
  { ...closed, title: 'StoredRuleSet' },
);
export const StoredRuleSetList = Type.Object(
  { versions: Type.Array(StoredRuleSet) },
  { ...closed, title: 'StoredRuleSetList' },
);
export type StoredRuleSetList = Static<typeof StoredRuleSetList>;

export const PinPut = Type.Object(
  {
    version: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: 'Left out: the one in force before this' }),
    ),
    dryRun: Type.Optional(Type.Boolean({ description: 'Only tell what would change' })),
  },
  { ...closed, title: 'PinPut' },
);

/** What a change does to the rules in force: with operators' own ones, at the level in force. */
export const RulesChange = Type.Object(
  { dryRun: Type.Boolean(), version: Type.Optional(Type.Integer()), diff: RuleSetDiff },
  { ...closed, title: 'RulesChange' },
);
export type RulesChange = Static<typeof RulesChange>;

export const SyncSettings = Type.Object(
  { bounceRulesInCustom: Type.Boolean({ description: 'At Custom bounce rules and policies are still pulled' }) },
  { ...closed, title: 'SyncSettings' },
);

export const LevelPut = Type.Object(
  { level: Level, dryRun: Type.Optional(Type.Boolean({ description: 'Only tell what would change' })) },
  { ...closed, title: 'LevelPut' },
);
export const LevelChange = Type.Object(
  {
    level: Level,
    dryRun: Type.Boolean(),
    diff: Type.Optional(RuleSetDiff),
  },
  { ...closed, title: 'LevelChange' },
);
export type LevelChange = Static<typeof LevelChange>;
