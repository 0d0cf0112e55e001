import { Type, type Static } from 'typebox';

import { BounceRulePut, BounceTrial } from './http-bounce-rules.ts';
import { ReadingRuleId } from './http-rule-edits.ts';

const closed = { additionalProperties: false } as const;
const Instant = Type.String({ format: 'date-time' });

export const UnmatchedStatusName = Type.Enum(['to-qualify', 'keep', 'ignore', 'qualified']);

export const UnmatchedView = Type.Object(
  {
    id: Type.String({ description: 'A few digits of it will do' }),
    text: Type.String({ description: 'Without what differs from one to the next' }),
    example: Type.Optional(Type.String({ description: 'The first as it came; a hub never sees one' })),
    clients: Type.Optional(Type.Integer({ description: 'At a hub: how many have met it' })),
    looksAt: Type.Enum(['reply', 'diagnostic', 'body']),
    replyCode: Type.Optional(Type.Integer()),
    enhancedStatus: Type.Optional(Type.String()),
    mxHost: Type.Optional(Type.String()),
    hits: Type.Integer(),
    status: UnmatchedStatusName,
    rule: Type.Optional(Type.String({ description: 'The rule that it became' })),
    firstAt: Instant,
    lastAt: Instant,
    suggestedPattern: Type.Optional(Type.String()),
  },
  { ...closed, title: 'Unmatched' },
);
export type UnmatchedView = Static<typeof UnmatchedView>;

export const UnmatchedPage = Type.Object(
  { texts: Type.Array(UnmatchedView), next: Type.Optional(Type.String()) },
  { ...closed, title: 'UnmatchedPage' },
);
export type UnmatchedPage = Static<typeof UnmatchedPage>;

/** What makes a rule of a text; what is left out is suggested. */
export const QualifyPost = Type.Object(
  {
    ...Type.Partial(BounceRulePut).properties,
    id: ReadingRuleId,
    reason: BounceRulePut.properties.reason,
    type: BounceRulePut.properties.type,
    detail: BounceRulePut.properties.detail,
    dryRun: Type.Optional(Type.Boolean({ description: 'Only tell what it would do' })),
  },
  { ...closed, title: 'QualifyPost' },
);
export type QualifyPost = Static<typeof QualifyPost>;

export const Qualified = Type.Object(
  {
    id: ReadingRuleId,
    rule: BounceRulePut,
    texts: Type.Array(UnmatchedView, { description: 'Unmatched texts that it takes' }),
    failures: Type.Optional(
      Type.Object(BounceTrial.properties, {
        ...closed,
        description: 'The latest failures of the log that it reads otherwise; a hub has no log',
      }),
    ),
    dryRun: Type.Boolean(),
  },
  { ...closed, title: 'Qualified' },
);
export type Qualified = Static<typeof Qualified>;
