import { Type, type Static } from 'typebox';

import { ReadingRuleId, RuleHits, RuleOrigin } from './http-rule-edits.ts';

const closed = { additionalProperties: false } as const;
const Seconds = Type.Integer({ minimum: 1, maximum: 604_800 });
const Reply = Type.String({ minLength: 1, maxLength: 2000 });
const Examples = Type.Array(Reply, { minItems: 1, maxItems: 50 });

const fields = {
  mask: Type.String({ minLength: 1, maxLength: 300, description: 'Over MX host names: * and ?' }),
  pattern: Type.String({
    minLength: 1,
    maxLength: 1000,
    description: 'RE2 syntax, anywhere in the reply, case ignored',
  }),
  thresholdPerHour: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    description: 'Matching replies to one source within an hour that set it off',
  }),
  action: Type.Object(
    {
      kind: Type.Enum(['suspend', 'connections', 'rate']),
      seconds: Seconds,
      cap: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 100_000_000,
          description: 'Connections at once, or messages an hour; of `suspend` none',
        }),
      ),
    },
    closed,
  ),
  stepSeconds: Type.Integer({
    minimum: 1,
    maximum: 604_800,
    description: 'Afterwards the caps double every so many seconds',
  }),
  matches: Examples,
  passes: Examples,
} as const;

/** A feedback rule as an operator writes it. */
export const FeedbackRulePut = Type.Object(
  { ...fields, enabled: Type.Optional(Type.Boolean()) },
  { ...closed, title: 'FeedbackRulePut' },
);
export type FeedbackRulePut = Static<typeof FeedbackRulePut>;

export const FeedbackRuleView = Type.Object(
  {
    id: ReadingRuleId,
    ...fields,
    origin: RuleOrigin,
    enabled: Type.Boolean(),
    hits: Type.Integer({ description: 'Replies that it has matched so far' }),
    lastHitAt: Type.Optional(Type.String({ format: 'date-time' })),
  },
  { ...closed, title: 'FeedbackRule' },
);
export type FeedbackRuleView = Static<typeof FeedbackRuleView>;

export const FeedbackRuleList = Type.Object(
  { rules: Type.Array(FeedbackRuleView) },
  { ...closed, title: 'FeedbackRuleList' },
);
export type FeedbackRuleList = Static<typeof FeedbackRuleList>;

export const FeedbackTrial = Type.Object(
  {
    looked: Type.Integer({ description: 'Logged replies that were looked at' }),
    changes: Type.Array(
      Type.Object(
        {
          reply: Type.String({ description: 'One of those that read alike' }),
          mxHost: Type.String(),
          replies: Type.Integer(),
          before: Type.Optional(Type.String({ description: 'The rule that it meets now' })),
          after: Type.Optional(Type.String({ description: 'The rule that it would meet' })),
        },
        closed,
      ),
    ),
    rules: RuleHits,
    next: Type.Optional(Type.String({ description: '`cursor` of the next part, which looks further back' })),
  },
  { ...closed, title: 'FeedbackTrial' },
);
export type FeedbackTrial = Static<typeof FeedbackTrial>;
