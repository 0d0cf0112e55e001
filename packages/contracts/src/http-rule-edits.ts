import { Type, type Static } from 'typebox';

const closed = { additionalProperties: false } as const;

/** An id of a bounce or feedback rule: the delivery log and the metrics name it. */
export const ReadingRuleId = Type.String({ pattern: '^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$' });
export const RuleOrigin = Type.Enum(['bundled', 'pulled', 'local']);

export const RuleOrder = Type.Object(
  {
    ids: Type.Array(ReadingRuleId, {
      maxItems: 5000,
      description: "The rules that stand before the set's, every id once",
    }),
  },
  { ...closed, title: 'RuleOrder' },
);

/** What would be changed; any of these. */
export const RuleTrialPost = Type.Object(
  {
    put: Type.Optional(Type.Unknown({ description: 'A rule with its id, as PUT takes it' })),
    before: Type.Optional(Type.String({ description: 'Where it would stand: before this rule; else first' })),
    delete: Type.Optional(ReadingRuleId),
    enable: Type.Optional(ReadingRuleId),
    disable: Type.Optional(ReadingRuleId),
    days: Type.Optional(Type.Integer({ minimum: 1, maximum: 400, description: 'How far back; 7 where left out' })),
    cursor: Type.Optional(Type.String({ maxLength: 100 })),
  },
  { ...closed, title: 'RuleTrialPost' },
);
export type RuleTrialPost = Static<typeof RuleTrialPost>;

/** How often a rule decides now, and how often it would. */
export const RuleHits = Type.Array(
  Type.Object({ rule: Type.String(), now: Type.Integer(), tried: Type.Integer() }, closed),
);
