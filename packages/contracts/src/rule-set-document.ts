import { Type, type Static } from 'typebox';

import { BounceRulePut, Reason } from './http-bounce-rules.ts';
import { DomainRulePut } from './http-domain-rules.ts';
import { FeedbackRulePut } from './http-feedback.ts';
import { PolicyPut } from './http-policies.ts';
import { ReadingRuleId } from './http-rule-edits.ts';
import { SetMxRule } from './rule-set.ts';

const closed = { additionalProperties: false } as const;
const Note = Type.String({ maxLength: 4000, description: 'Why this version exists' });

const { enabled: _bounceRuleIsOn, ...bounceRule } = BounceRulePut.properties;
const { enabled: _feedbackRuleIsOn, ...feedbackRule } = FeedbackRulePut.properties;
const { enabled: _domainRuleIsOn, ...domainRule } = DomainRulePut.properties;

/** The newest form of a document that this version of mxflow reads and writes. */
export const RULE_SET_FORMAT = 1;
/** Octets of a signed rule set. What is larger is refused before it is read. */
export const MAX_RULE_SET_OCTETS = 20_000_000;
/** Media type of a signed rule set: a JWS in JSON serialisation (RFC 7515 §9.2.1). */
export const RULE_SET_MEDIA_TYPE = 'application/jose+json';

const content = {
  mxRules: Type.Array(SetMxRule, {
    minItems: 1,
    maxItems: 5000,
    description: 'In their order, the last of them `any`',
  }),
  bounceRules: Type.Array(Type.Object({ id: ReadingRuleId, ...bounceRule }, closed), { maxItems: 5000 }),
  feedbackRules: Type.Array(Type.Object({ id: ReadingRuleId, ...feedbackRule }, closed), { maxItems: 5000 }),
  domainRules: Type.Array(Type.Object({ id: ReadingRuleId, ...domainRule }, closed), {
    maxItems: 5000,
    description: "Rules over recipients' domains, in their order: the first whose mask matches holds",
  }),
  policies: Type.Array(Type.Object({ reason: Reason, ...PolicyPut.properties }, closed), {
    maxItems: 50,
    description: 'What failures for a reason do to an address; each reason at most once',
  }),
} as const;

/** What an editor of the deliverability instance works on: a rule set without a number. */
export const RuleSetContent = Type.Object(content, { ...closed, title: 'RuleSetContent' });
export type RuleSetContent = Static<typeof RuleSetContent>;

/** A published rule set: numbered, and never changed again. */
export const RuleSetDocument = Type.Object(
  {
    format: Type.Integer({ minimum: RULE_SET_FORMAT, maximum: RULE_SET_FORMAT, description: 'Form of this document' }),
    version: Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: 'Each version is above the one before' }),
    publishedAt: Type.String({ format: 'date-time' }),
    note: Note,
    ...content,
  },
  { ...closed, title: 'RuleSetDocument' },
);
export type RuleSetDocument = Static<typeof RuleSetDocument>;

/** One thing that is wrong with a rule set. */
export const RuleSetFault = Type.Object(
  {
    pointer: Type.String({ description: 'JSON pointer (RFC 6901) into the document' }),
    id: Type.Optional(Type.String({ description: 'The rule, where it is about one' })),
    expected: Type.String(),
    found: Type.String(),
  },
  closed,
);
export type RuleSetFault = Static<typeof RuleSetFault>;

const ListDiff = Type.Object(
  {
    added: Type.Array(Type.String(), { description: 'Ids' }),
    removed: Type.Array(Type.String()),
    changed: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          fields: Type.Array(
            Type.Object(
              {
                pointer: Type.String({ description: 'Into the rule' }),
                before: Type.Optional(Type.Unknown()),
                after: Type.Optional(Type.Unknown()),
              },
              closed,
            ),
          ),
        },
        closed,
      ),
    ),
    reordered: Type.Boolean({ description: 'Rules that are in both stand in another order' }),
  },
  closed,
);
export type RuleListDiff = Static<typeof ListDiff>;

/** What one rule set has and another has not. */
export const RuleSetDiff = Type.Object(
  { mxRules: ListDiff, bounceRules: ListDiff, feedbackRules: ListDiff, domainRules: ListDiff, policies: ListDiff },
  { ...closed, title: 'RuleSetDiff' },
);
export type RuleSetDiff = Static<typeof RuleSetDiff>;
