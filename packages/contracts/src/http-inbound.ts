import { Type, type Static } from 'typebox';

const closed = { additionalProperties: false } as const;
const Instant = Type.String({ format: 'date-time' });

/** What a mail to a return-path domain was found to be; `waiting` is not processed yet. */
export const InboundOutcomeName = Type.Enum([
  'waiting',
  'bounce',
  'complaint',
  'unsubscribe',
  'delayed',
  'auto-reply',
  'ordinary',
  'repeated',
  'forged',
  'stale',
  'not-ours',
  'unparsed',
]);

export const InboundMailView = Type.Object(
  {
    id: Type.String(),
    at: Instant,
    cameBy: Type.String({ description: 'smtp, pop3 or imap' }),
    peer: Type.Optional(Type.String({ description: 'The client that brought it, or the server of the mailbox' })),
    mailFrom: Type.String(),
    rcptTo: Type.Array(Type.String()),
    octets: Type.Integer(),
    processedAt: Type.Optional(Instant),
    outcome: InboundOutcomeName,
    because: Type.Optional(Type.String()),
    message: Type.Optional(Type.String({ description: 'The message that it is about' })),
  },
  { ...closed, title: 'InboundMail' },
);
export type InboundMailView = Static<typeof InboundMailView>;

export const InboundMailPage = Type.Object(
  { mails: Type.Array(InboundMailView), next: Type.Optional(Type.String()) },
  { ...closed, title: 'InboundMailPage' },
);
export type InboundMailPage = Static<typeof InboundMailPage>;

export const InboundRerun = Type.Object(
  { outcome: InboundOutcomeName, limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100_000 })) },
  { ...closed, title: 'InboundRerun' },
);

export const InboundRerunAnswer = Type.Object({ mails: Type.Integer() }, { ...closed, title: 'InboundRerunAnswer' });
export type InboundRerunAnswer = Static<typeof InboundRerunAnswer>;
