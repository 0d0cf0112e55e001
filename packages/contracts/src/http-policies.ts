import { Type, type Static } from 'typebox';

import { Reason } from './http-bounce-rules.ts';
import { RuleOrigin } from './http-rule-edits.ts';

const closed = { additionalProperties: false } as const;

const figures = {
  quarantineAt: Type.Union([Type.Integer({ minimum: 1, maximum: 100 }), Type.Null()], {
    description: 'The counted error at which an address is quarantined; null: never, and nothing is counted',
  }),
  releaseDays: Type.Union([Type.Integer({ minimum: 1, maximum: 3650 }), Type.Null()], {
    description: 'Days after which it leaves quarantine again; null: not by itself',
  }),
} as const;

export const PolicyPut = Type.Object(figures, { ...closed, title: 'PolicyPut' });

export const PolicyView = Type.Object(
  { reason: Reason, ...figures, origin: RuleOrigin },
  { ...closed, title: 'Policy' },
);
export type PolicyView = Static<typeof PolicyView>;

export const PolicyList = Type.Object({ policies: Type.Array(PolicyView) }, { ...closed, title: 'PolicyList' });
export type PolicyList = Static<typeof PolicyList>;

const Effect = Type.Object(
  {
    quarantined: Type.Integer({ description: 'In quarantine for this reason: they stay there' }),
    atNextError: Type.Integer({ description: 'With errors, which the next one would quarantine' }),
  },
  closed,
);

export const PolicyChange = Type.Object(
  {
    before: PolicyView,
    after: PolicyView,
    addresses: Type.Object({ before: Effect, after: Effect }, closed),
    dryRun: Type.Boolean(),
  },
  { ...closed, title: 'PolicyChange' },
);
export type PolicyChange = Static<typeof PolicyChange>;

const settings = {
  significanceHours: Type.Integer({
    minimum: 0,
    maximum: 8760,
    description: 'At most one error per address counts in this time',
  }),
  resetDays: Type.Integer({
    minimum: 1,
    maximum: 3650,
    description: 'A counter falls to zero after this time without a counted error',
  }),
  successDays: Type.Integer({
    minimum: 0,
    maximum: 3650,
    description: 'and this time after a success that no bounce followed',
  }),
  complaintDenylists: Type.Boolean({ description: 'Whether a complaint puts the address on the denylist' }),
  guardAddresses: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    description: 'Addresses that one site may send to quarantine beyond its usual share',
  }),
  guardPercent: Type.Number({
    exclusiveMinimum: 0,
    maximum: 100,
    description: "The share of a site's messages that is never suspicious",
  }),
  guardFactor: Type.Number({
    exclusiveMinimum: 1,
    maximum: 1000,
    description: 'How many times its own history is not suspicious either',
  }),
  rawDays: Type.Integer({ minimum: 0, maximum: 3650, description: 'Days for which mail that came in is kept' }),
} as const;

export const QuarantineSettingsView = Type.Object(settings, { ...closed, title: 'QuarantineSettings' });
export type QuarantineSettingsView = Static<typeof QuarantineSettingsView>;
export const QuarantineSettingsPatch = Type.Partial(Type.Object(settings), {
  ...closed,
  title: 'QuarantineSettingsPatch',
});
