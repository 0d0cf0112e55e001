import { Type, type Static } from 'typebox';

const closed = { additionalProperties: false } as const;

/** A text that no rule of a client matched: what differs from one reply to the next is blanked, addresses first of all. */
export const UnmatchedReportText = Type.Object(
  {
    text: Type.String({ minLength: 1, maxLength: 500 }),
    looksAt: Type.Enum(['reply', 'diagnostic', 'body']),
    replyCode: Type.Optional(Type.Integer({ minimum: 200, maximum: 599 })),
    enhancedStatus: Type.Optional(Type.String({ pattern: '^[245]\\.\\d{1,3}\\.\\d{1,3}$' })),
    mxHost: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    hits: Type.Integer({
      minimum: 1,
      maximum: 1_000_000_000_000,
      description: 'All that the client has seen so far, not those since its last report: a report may come twice',
    }),
  },
  closed,
);
export type UnmatchedReportText = Static<typeof UnmatchedReportText>;

/** From a client that agrees to the deliverability instance, for qualification. */
export const UnmatchedReport = Type.Object(
  { texts: Type.Array(UnmatchedReportText, { minItems: 1, maxItems: 1000 }) },
  { ...closed, title: 'UnmatchedReport' },
);
export type UnmatchedReport = Static<typeof UnmatchedReport>;
