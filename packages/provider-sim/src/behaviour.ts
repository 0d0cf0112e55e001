import { Type, type Static } from 'typebox';

import { PROVIDER_REPLIES, REFUSAL_REASONS, type ReplyFamily } from './provider-replies.ts';

const closed = { additionalProperties: false } as const;
const count = Type.Integer({ minimum: 1 });
const milliseconds = Type.Number({ minimum: 0 });

/** A reply: either a reason, worded as the provider's family does, or the very words. */
export const Wording = Type.Union([
  Type.Enum([...REFUSAL_REASONS]),
  Type.Object(
    {
      code: Type.Integer({ minimum: 200, maximum: 599 }),
      lines: Type.Array(Type.String(), { minItems: 1 }),
    },
    closed,
  ),
]);
export type Wording = Static<typeof Wording>;

/**
 * Whom a rule is about. `local` is a mask over the local part (`*`, `?`, case-insensitive); `share` is the fraction of
 * all addresses that a seeded draw keyed by rule and address picks, so that an address is always in or always out.
 */
export const Selector = Type.Union([
  Type.Literal('everyone'),
  Type.Object({ local: Type.String() }, closed),
  Type.Object({ addresses: Type.Array(Type.String()) }, closed),
  Type.Object({ share: Type.Number({ minimum: 0, maximum: 1 }) }, closed),
]);
export type Selector = Static<typeof Selector>;

/** Where in the dialogue a recipient hears no: at RCPT (the default) or after the content. */
const RefusalStage = Type.Union([Type.Literal('rcpt'), Type.Literal('content')]);

/**
 * What befalls a recipient.
 *
 * `refuse` says 5yz (or whatever the words say) each time. `defer` says 4yz so many times to each address and then lets
 * it pass. `bounce-later` accepts, and mails a delivery status notification to the reverse-path afterwards (RFC 3464).
 * `complain-later` accepts, and mails an abuse report afterwards (RFC 5965) to the given mailbox, else to the reverse-path.
 */
export const Treatment = Type.Union([
  Type.Object({ kind: Type.Literal('refuse'), reply: Wording, at: Type.Optional(RefusalStage) }, closed),
  Type.Object(
    {
      kind: Type.Literal('defer'),
      reply: Wording,
      at: Type.Optional(RefusalStage),
      times: Type.Optional(count),
    },
    closed,
  ),
  Type.Object({ kind: Type.Literal('bounce-later'), reply: Wording, delayMs: milliseconds }, closed),
  Type.Object(
    {
      kind: Type.Literal('complain-later'),
      delayMs: milliseconds,
      to: Type.Optional(Type.String()),
    },
    closed,
  ),
]);
export type Treatment = Static<typeof Treatment>;

/** `name` keys the rule's draws and counters; without one its place in the list does. */
export const RecipientRule = Type.Object(
  { name: Type.Optional(Type.String()), who: Selector, does: Treatment },
  closed,
);
export type RecipientRule = Static<typeof RecipientRule>;

/** `body` is the moment the first octets of a content arrive, `content` the moment its end has been seen. */
export const STAGES = ['greeting', 'hello', 'starttls', 'mail', 'rcpt', 'data', 'body', 'content', 'quit'] as const;
export type Stage = (typeof STAGES)[number];

/**
 * A server gone wrong at one stage. `share` picks by a draw keyed by the first forward-path known (before RCPT: by the
 * connection), `times` limits it to the first so many occurrences at the provider (absent: for ever). `accepts` at
 * `content` means that the message counts as accepted, whatever the client gets to hear of it.
 */
export const Fault = Type.Object(
  {
    at: Type.Enum([...STAGES]),
    does: Type.Union([
      Type.Literal('silence'),
      Type.Literal('close'),
      Type.Literal('reset'),
      Type.Object(
        {
          code: Type.Integer({ minimum: 200, maximum: 599 }),
          lines: Type.Array(Type.String(), { minItems: 1 }),
          close: Type.Optional(Type.Boolean()),
        },
        closed,
      ),
    ]),
    share: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    times: Type.Optional(count),
    accepts: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type Fault = Static<typeof Fault>;

/** What EHLO offers. `lies` offers PIPELINING and throws away whatever came in one packet behind a command. */
export const Extensions = Type.Object(
  {
    ehlo: Type.Optional(Type.Boolean()),
    pipelining: Type.Optional(Type.Union([Type.Boolean(), Type.Literal('lies')])),
    chunking: Type.Optional(Type.Boolean()),
    sizeOctets: Type.Optional(Type.Integer({ minimum: 1 })),
    eightBitMime: Type.Optional(Type.Boolean()),
    smtpUtf8: Type.Optional(Type.Boolean()),
    enhancedStatusCodes: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type Extensions = Static<typeof Extensions>;

/**
 * How a provider, or one of its MX hosts, behaves. Everything absent is what a faultless server does.
 *
 * `listening`: `refused` has nobody on the port (open connections are ended), `unreachable` lets SYNs go unanswered.
 * `connectionsPerSource`: greeted with 421 above it, counted over all of the provider's addresses or over each alone.
 * `messagesPerConnection`: the next MAIL gets 421, or the connection is closed without a word after the last content.
 * `messagesPerWindow`: MAILs of one source above it are answered as throttled.
 * `greylistMs`: a triplet of source, reverse-path and forward-path is deferred until it is that old (RFC 6647 §2.3).
 * `greylistPer`: whether a source is its address (the default) or its /24 network, as most greylisting servers have it.
 * `replyDelayMs`: before each reply, or by stage. `dribble` sends replies octet by octet.
 * `idleTimeoutMs`: a connection on which nothing is said for so long is ended with 421 (as it was when it was opened).
 */
export const Behaviour = Type.Object(
  {
    texts: Type.Optional(Type.Enum(Object.keys(PROVIDER_REPLIES) as ReplyFamily[])),
    listening: Type.Optional(Type.Enum(['open', 'refused', 'unreachable'])),
    tls: Type.Optional(Type.Enum(['none', 'offered', 'required', 'fails'])),
    extensions: Type.Optional(Extensions),
    connectionsPerSource: Type.Optional(
      Type.Object({ max: count, per: Type.Optional(Type.Enum(['provider', 'address'])) }, closed),
    ),
    messagesPerConnection: Type.Optional(Type.Object({ max: count, ending: Type.Enum(['421', 'close']) }, closed)),
    messagesPerWindow: Type.Optional(Type.Object({ max: count, windowMs: milliseconds }, closed)),
    greylistMs: Type.Optional(milliseconds),
    greylistPer: Type.Optional(Type.Enum(['address', 'network'])),
    replyDelayMs: Type.Optional(
      Type.Union([milliseconds, Type.Partial(Type.Record(Type.Enum([...STAGES]), milliseconds))]),
    ),
    dribble: Type.Optional(Type.Boolean()),
    idleTimeoutMs: Type.Optional(count),
    faults: Type.Optional(Type.Array(Fault)),
    recipients: Type.Optional(Type.Array(RecipientRule)),
  },
  closed,
);
export type Behaviour = Static<typeof Behaviour>;
