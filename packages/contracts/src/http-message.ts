import { Type, type Static } from 'typebox';

import { MESSAGE_STATUSES } from './http-words.ts';

const closed = { additionalProperties: false } as const;
const Instant = Type.String({ format: 'date-time' });

const told = {
  status: Type.Enum([...MESSAGE_STATUSES]),
  type: Type.Optional(Type.String({ description: 'hard, soft or ignored' })),
  reason: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String({ description: 'What stands under the reason' })),
  rule: Type.Optional(Type.String({ description: 'The bounce rule that decided' })),
  replyCode: Type.Optional(Type.Integer()),
  enhancedStatus: Type.Optional(Type.String()),
  reply: Type.Optional(Type.String()),
  mxHost: Type.Optional(Type.String()),
  source: Type.Optional(Type.Integer({ description: 'publicId of the sending IP' })),
  inDoubt: Type.Optional(Type.Boolean({ description: 'Nobody knows whether the next hop took it (RFC 1047)' })),
  at: Type.Optional(Instant),
} as const;

/** Where a message stands, with what the latest attempt told. */
export const MessageView = Type.Object(
  {
    id: Type.String(),
    address: Type.String(),
    attempts: Type.Integer({ minimum: 0 }),
    ...told,
    nextAttemptAt: Type.Optional(Instant),
    waitReason: Type.Optional(Type.String()),
  },
  { ...closed, title: 'Message' },
);
export type MessageView = Static<typeof MessageView>;

export const MessagePage = Type.Object(
  { messages: Type.Array(MessageView), next: Type.Optional(Type.String({ description: 'Cursor of the next page' })) },
  { ...closed, title: 'MessagePage' },
);
export type MessagePage = Static<typeof MessagePage>;

const AttemptView = Type.Object(
  { attempt: Type.Integer({ minimum: 1 }), ...told, mxIp: Type.Optional(Type.String()) },
  { ...closed, title: 'Attempt' },
);
export type AttemptView = Static<typeof AttemptView>;

/** A message with everything that the log holds about it, oldest first. */
export const MessageHistory = Type.Object(
  { ...MessageView.properties, history: Type.Array(AttemptView) },
  { ...closed, title: 'MessageHistory' },
);
export type MessageHistory = Static<typeof MessageHistory>;
