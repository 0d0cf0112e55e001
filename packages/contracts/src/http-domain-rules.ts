import { Type, type Static } from 'typebox';

import { ReadingRuleId, RuleOrigin } from './http-rule-edits.ts';

const closed = { additionalProperties: false } as const;

const fields = {
  mask: Type.String({ minLength: 1, maxLength: 300, description: "Over recipients' domains in A-labels: * and ?" }),
  action: Type.Enum(['no-mail', 'deliver'], {
    description: '`no-mail`: its addresses fail as Invalid domain and nobody is asked; `deliver`: as any other domain',
  }),
  note: Type.Optional(Type.String({ maxLength: 1000, description: 'Where this is known from' })),
} as const;

/** A domain rule as an operator writes it. */
export const DomainRulePut = Type.Object(
  { ...fields, enabled: Type.Optional(Type.Boolean()) },
  { ...closed, title: 'DomainRulePut' },
);
export type DomainRulePut = Static<typeof DomainRulePut>;

export const DomainRuleView = Type.Object(
  { id: ReadingRuleId, ...fields, origin: RuleOrigin, enabled: Type.Boolean() },
  { ...closed, title: 'DomainRule' },
);
export type DomainRuleView = Static<typeof DomainRuleView>;

export const DomainRuleList = Type.Object(
  { rules: Type.Array(DomainRuleView) },
  { ...closed, title: 'DomainRuleList' },
);
export type DomainRuleList = Static<typeof DomainRuleList>;

/** What would be changed; any of these. */
export const DomainTrialPost = Type.Object(
  {
    put: Type.Optional(Type.Unknown({ description: 'A rule with its id, as PUT takes it' })),
    before: Type.Optional(Type.String({ description: 'Where it would stand: before this rule; else first' })),
    delete: Type.Optional(ReadingRuleId),
    enable: Type.Optional(ReadingRuleId),
    disable: Type.Optional(ReadingRuleId),
  },
  { ...closed, title: 'DomainTrialPost' },
);

const Verdict = Type.Object(
  {
    action: Type.Enum(['no-mail', 'deliver']),
    rule: Type.Optional(Type.String({ description: 'The rule that says so' })),
  },
  closed,
);

export const DomainTrial = Type.Object(
  {
    looked: Type.Integer({ description: 'Domains of the last week that were looked at' }),
    changes: Type.Array(
      Type.Object({ domain: Type.String(), messages: Type.Integer(), before: Verdict, after: Verdict }, closed),
    ),
  },
  { ...closed, title: 'DomainTrial' },
);
export type DomainTrial = Static<typeof DomainTrial>;
