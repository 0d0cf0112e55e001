import { Type } from 'typebox';

/** Decimal text of the 63-bit id. */
export const MessageIdText = Type.String({ pattern: '^[1-9]\\d{0,18}$' });
const JobNumber = Type.String({ pattern: '^[1-9]\\d{0,18}$' });
const Attempt = Type.Integer({ minimum: 1 });
/** Milliseconds since the epoch. */
const Instant = Type.Number({ minimum: 0 });
/** Text of a reply or an error, bounded where it was read. */
const BoundedText = Type.String({ maxLength: 2000 });

const closed = { additionalProperties: false } as const;

export const ReplyShape = Type.Object(
  {
    code: Type.Integer({ minimum: 200, maximum: 599 }),
    enhanced: Type.Optional(Type.String({ pattern: '^[245]\\.\\d{1,3}\\.\\d{1,3}$' })),
    lines: Type.Array(BoundedText, { maxItems: 20 }),
  },
  closed,
);

/** dispatcher → mta-worker, on a lane's queue: released work. Never the truth: only a claim sends. */
export const DeliveryRequested = Type.Object(
  {
    messageId: MessageIdText,
    attempt: Attempt,
    jobNumber: JobNumber,
    siteId: Type.Integer({ minimum: 1 }),
    /** Domain of the forward-path, in A-labels: the worker resolves it. */
    domain: Type.String({ maxLength: 255 }),
    /** publicId of the source of the last attempt. */
    source: Type.Optional(Type.Integer({ minimum: 1 })),
    /** 0 is the most urgent, 4 the least. */
    urgency: Type.Optional(Type.Integer({ minimum: 0, maximum: 4 })),
  },
  closed,
);

const attemptOf = {
  messageId: MessageIdText,
  attempt: Attempt,
  /** When the outcome was known. */
  at: Instant,
  mxHost: Type.Optional(Type.String({ maxLength: 255 })),
  mxIp: Type.Optional(Type.String({ maxLength: 45 })),
  source: Type.Optional(Type.Integer({ minimum: 1 })),
};

/** mta-worker → bounce-processor: the next hop has taken responsibility (RFC 5321 §6.1), or would have (verify, simulate). */
export const DeliverySent = Type.Object({ ...attemptOf, reply: ReplyShape }, closed);

/** mta-worker → bounce-processor: this attempt failed in a way that may pass. */
export const DeliveryDeferred = Type.Object(
  {
    ...attemptOf,
    result: Type.Union([
      Type.Object({ kind: Type.Literal('refused'), reply: ReplyShape }, closed),
      Type.Object({ kind: Type.Literal('unreachable'), because: BoundedText }, closed),
      Type.Object({ kind: Type.Literal('in-doubt'), because: BoundedText }, closed),
      Type.Object({ kind: Type.Literal('invalid-domain'), because: BoundedText }, closed),
    ]),
  },
  closed,
);

/** mta-worker → bounce-processor: refused for good by the next hop, or never to be sent as it is. */
export const DeliveryFailed = Type.Object(
  {
    ...attemptOf,
    result: Type.Union([
      Type.Object({ kind: Type.Literal('refused'), reply: ReplyShape }, closed),
      Type.Object({ kind: Type.Literal('unsendable'), because: BoundedText }, closed),
    ]),
  },
  closed,
);

/** mta-worker → dispatcher: the broker handed this out before; nobody knows what became of it then. */
export const DeliveryRedelivered = Type.Object({ messageId: MessageIdText, attempt: Attempt }, closed);
