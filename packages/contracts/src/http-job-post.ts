import { Type, type Static } from 'typebox';

import { JOB_MODES, PRIORITY_NAMES } from './http-words.ts';

const closed = { additionalProperties: false } as const;

/** Longest header line without its CRLF, in octets (RFC 5322 §2.1.1). */
export const MAX_LINE_OCTETS = 998;
const DAY_SECONDS = 86_400;

const Correspondent = Type.Object(
  {
    name: Type.Optional(Type.String({ maxLength: 200 })),
    address: Type.String({ minLength: 3, maxLength: 254 }),
  },
  closed,
);

const PostedAttachment = Type.Object(
  {
    filename: Type.String({ minLength: 1, maxLength: 200 }),
    contentType: Type.String({ maxLength: 200, description: 'type/subtype (RFC 2045 §5.1)' }),
    content: Type.String({ description: 'Base64 (RFC 4648 §4)' }),
    contentId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: 'For parts that the HTML shows inline; no angle brackets',
      }),
    ),
  },
  closed,
);

const RetryTerms = Type.Object(
  {
    delaysSeconds: Type.Array(Type.Integer({ minimum: 1, maximum: 30 * DAY_SECONDS }), {
      maxItems: 100,
      description: 'Waits after the first, second, … failed attempt',
    }),
    thenEverySeconds: Type.Integer({ minimum: 1, maximum: 30 * DAY_SECONDS }),
    greylistSeconds: Type.Integer({ minimum: 1, maximum: DAY_SECONDS }),
  },
  closed,
);

const definition = {
  from: Correspondent,
  replyTo: Type.Optional(Correspondent),
  returnPath: Type.Optional(
    Type.String({ maxLength: 255, description: "Domain of the return-path; the instance's own where left out" }),
  ),
  subject: Type.String({ minLength: 1, description: 'Template; at most 998 octets' }),
  html: Type.Optional(Type.String({ minLength: 1, description: 'Template; values are HTML-escaped' })),
  text: Type.Optional(Type.String({ minLength: 1, description: 'Template' })),
  headers: Type.Optional(
    Type.Record(Type.String({ pattern: '^[!-9;-~]{1,76}$' }), Type.String({ maxLength: MAX_LINE_OCTETS }), {
      ...closed,
      maxProperties: 50,
      description: 'Further header fields; values are templates',
    }),
  ),
  attachments: Type.Optional(Type.Array(PostedAttachment, { maxItems: 50 })),
  pool: Type.Optional(Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$', default: 'default' })),
  priority: Type.Optional(Type.Enum([...PRIORITY_NAMES], { default: 'normal' })),
  notBefore: Type.Optional(Type.String({ format: 'date-time', description: 'No message is sent before (RFC 3339)' })),
  validFor: Type.Optional(
    Type.Integer({
      minimum: 60,
      maximum: 30 * DAY_SECONDS,
      default: 5 * DAY_SECONDS,
      description: 'Seconds after notBefore, or after acceptance, until what is not sent expires',
    }),
  ),
  mode: Type.Optional(Type.Enum([...JOB_MODES], { default: 'live' })),
  retry: Type.Optional(RetryTerms),
  listId: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$',
      description: 'What an unsubscription ends; the address in `from` where left out',
    }),
  ),
  tracking: Type.Optional(
    Type.Record(Type.String({ pattern: '^[A-Za-z0-9._-]{1,100}$' }), Type.String({ maxLength: 1000 }), {
      ...closed,
      maxProperties: 50,
      description: 'Opaque; given back in webhooks',
    }),
  ),
} as const;

/** One recipient: an element of `recipients`, or a line of a stream. */
export const PostedRecipient = Type.Object(
  {
    address: Type.String({ description: 'Bare mailbox (RFC 5321 §4.1.2)' }),
    variables: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'What the templates merge' })),
  },
  { ...closed, title: 'Recipient' },
);

/** The first line of a stream: a job without its recipients. */
export const JobDefinition = Type.Object(definition, { ...closed, title: 'JobDefinition' });
export type JobDefinition = Static<typeof JobDefinition>;

/** A job in one piece. */
export const JobPost = Type.Object(
  { ...definition, recipients: Type.Array(PostedRecipient, { minItems: 1 }) },
  { ...closed, title: 'JobPost' },
);

/** 202: every recipient counted here is durable. */
export const JobAccepted = Type.Object(
  {
    id: Type.String(),
    accepted: Type.Integer({ minimum: 1, description: 'Recipients that will be delivered to' }),
    rejected: Type.Integer({ minimum: 0, description: 'Malformed recipients; the job lists the first of them' }),
  },
  { ...closed, title: 'JobAccepted' },
);
export type JobAccepted = Static<typeof JobAccepted>;
