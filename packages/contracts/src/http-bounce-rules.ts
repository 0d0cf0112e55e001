import type { FailureReason, FailureType, RuleTarget } from '@mxflow/domain';
import { Type, type Static } from 'typebox';

import { ReadingRuleId, RuleHits, RuleOrigin } from './http-rule-edits.ts';

const closed = { additionalProperties: false } as const;

/** Every reason as requests spell it: the compiler sees to it that none is missing. */
const REASONS = Object.keys({
  'user-unknown': true,
  'mailbox-full': true,
  'inactive-user': true,
  'invalid-domain': true,
  refused: true,
  unreachable: true,
  ignored: true,
  'not-defined': true,
} satisfies Record<FailureReason, true>) as FailureReason[];
const TYPES = ['hard', 'soft', 'ignored'] as const satisfies readonly FailureType[];
const TARGETS = ['reply', 'diagnostic', 'status', 'subject', 'body'] as const satisfies readonly RuleTarget[];

export const Reason = Type.Enum(REASONS);
const FailureTypeName = Type.Enum([...TYPES]);
const Example = Type.String({ minLength: 1, maxLength: 4000 });
const choices = (description: string, maxLength: number) =>
  Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength }), { maxItems: 50, description }));

const fields = {
  pattern: Type.String({
    minLength: 1,
    maxLength: 4000,
    description: 'RE2 syntax, anywhere in the text, case and accents ignored',
  }),
  where: Type.Array(Type.Enum([...TARGETS]), {
    minItems: 1,
    uniqueItems: true,
    description:
      "reply: to our own client; diagnostic: quoted by a report; body and subject: the report's own; status: the enhanced status alone",
  }),
  conditions: Type.Optional(
    Type.Object(
      {
        replyCodes: choices('Reply codes by their beginning: 5, 55, 550', 3),
        enhancedStatuses: choices('Enhanced statuses by their beginning: 5.7.', 9),
        mxMasks: choices('MX hosts: *.example.net', 300),
        senders: choices('Ends of the address that wrote the report: @example.net', 300),
      },
      closed,
    ),
  ),
  reason: Reason,
  type: FailureTypeName,
  detail: Type.String({ maxLength: 50, description: 'The finer detail under the reason' }),
  matches: Type.Array(Example, { minItems: 1, maxItems: 50, description: 'Texts that it must match' }),
  leaves: Type.Array(Example, { minItems: 1, maxItems: 50, description: 'Texts that it must leave alone' }),
} as const;

/** A bounce rule as an operator writes it. */
export const BounceRulePut = Type.Object(
  { ...fields, enabled: Type.Optional(Type.Boolean()) },
  { ...closed, title: 'BounceRulePut' },
);
export type BounceRulePut = Static<typeof BounceRulePut>;

export const BounceRuleView = Type.Object(
  {
    id: ReadingRuleId,
    ...fields,
    origin: RuleOrigin,
    enabled: Type.Boolean(),
    hits: Type.Integer({ description: 'Failures that it has decided so far' }),
    lastHitAt: Type.Optional(Type.String({ format: 'date-time' })),
  },
  { ...closed, title: 'BounceRule' },
);
export type BounceRuleView = Static<typeof BounceRuleView>;

export const BounceRuleList = Type.Object(
  { version: Type.Integer(), rules: Type.Array(BounceRuleView) },
  { ...closed, title: 'BounceRuleList' },
);
export type BounceRuleList = Static<typeof BounceRuleList>;

/** How a failure is read. */
export const FailureReading = Type.Object(
  {
    reason: Reason,
    type: FailureTypeName,
    detail: Type.String(),
    rule: Type.Optional(Type.String({ description: 'The rule that decides; none where a code did' })),
  },
  { ...closed, title: 'FailureReading' },
);
export type FailureReading = Static<typeof FailureReading>;

export const BounceTrial = Type.Object(
  {
    looked: Type.Integer({ description: 'Failures that were looked at' }),
    changes: Type.Array(
      Type.Object(
        {
          text: Type.String({ description: 'One of those that read alike' }),
          mxHost: Type.Optional(Type.String()),
          failures: Type.Integer(),
          before: FailureReading,
          after: FailureReading,
        },
        closed,
      ),
    ),
    rules: RuleHits,
    next: Type.Optional(Type.String({ description: '`cursor` of the next part, which looks further back' })),
  },
  { ...closed, title: 'BounceTrial' },
);
export type BounceTrial = Static<typeof BounceTrial>;

/** A reply to be read by the rules in force. */
export const ReadingQuestion = Type.Object(
  {
    reply: Type.String({ minLength: 1, maxLength: 10_000 }),
    mxHost: Type.Optional(Type.String({ maxLength: 255 })),
    sender: Type.Optional(Type.String({ maxLength: 320 })),
  },
  { ...closed, title: 'ReadingQuestion' },
);

export const ReadingExplanation = Type.Object(
  {
    ...FailureReading.properties,
    because: Type.String({ description: 'What decided, in words' }),
    replyCode: Type.Optional(Type.Integer()),
    enhancedStatus: Type.Optional(Type.String()),
    normalised: Type.String({ description: 'The text as unmatched ones are gathered' }),
    suggestedPattern: Type.Optional(Type.String({ description: 'Where no rule matched: what one could ask for' })),
  },
  { ...closed, title: 'ReadingExplanation' },
);
export type ReadingExplanation = Static<typeof ReadingExplanation>;
