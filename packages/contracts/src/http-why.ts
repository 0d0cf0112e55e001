import { Type, type Static } from 'typebox';

const closed = { additionalProperties: false } as const;
const Instant = Type.String({ format: 'date-time' });

const why = {
  constraint: Type.String({ description: 'What binds now: site-blocked, suspended, connections, rate, not-due, …' }),
  detail: Type.String(),
  nextAt: Type.Optional(
    Type.String({ format: 'date-time', description: 'When it can move next, where that is known' }),
  ),
  lastReply: Type.Optional(Type.String({ description: 'The last thing that a provider said about it' })),
} as const;

/** Why a message waits. */
export const WhyMessage = Type.Object(
  { id: Type.String(), domain: Type.Optional(Type.String()), rule: Type.Optional(Type.String()), ...why },
  { ...closed, title: 'WhyMessage' },
);
export type WhyMessage = Static<typeof WhyMessage>;

/** Why the messages of a job wait: those that wait alike together, the most first. */
export const WhyJob = Type.Object(
  {
    id: Type.String(),
    state: Type.String(),
    waiting: Type.Integer({ minimum: 0, description: 'Messages without a last status' }),
    groups: Type.Array(
      Type.Object(
        {
          messages: Type.Integer({ description: 'Counted over the first ten thousand that wait' }),
          domain: Type.String({ description: 'One of the domains of the site' }),
          siteId: Type.Integer(),
          ...why,
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'WhyJob' },
);
export type WhyJob = Static<typeof WhyJob>;

/** What binds for a domain: for a message that was due now, by pool. */
export const WhyDomain = Type.Object(
  {
    domain: Type.String(),
    siteId: Type.Integer(),
    site: Type.String({ description: 'MX hosts, those of the same preference with the same number' }),
    rule: Type.String(),
    pools: Type.Array(Type.Object({ pool: Type.String(), ...why }, closed)),
  },
  { ...closed, title: 'WhyDomain' },
);
export type WhyDomain = Static<typeof WhyDomain>;

export const HoldList = Type.Object(
  {
    holds: Type.Array(
      Type.Object(
        {
          group: Type.String({ description: 'rule:ID, or site:ID under the last rule' }),
          source: Type.Integer(),
          suspendedUntil: Type.Optional(Instant),
          connections: Type.Optional(Type.Integer()),
          messagesPerHour: Type.Optional(Type.Integer()),
          cappedUntil: Type.Optional(Instant),
          stepSeconds: Type.Integer({ description: 'After that the caps double every so many seconds' }),
          reason: Type.String({ description: 'Feedback rules that imposed it' }),
          lastReply: Type.Optional(Type.String()),
          since: Instant,
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'HoldList' },
);
export type HoldList = Static<typeof HoldList>;

/** Sites and paths that rest. */
export const RestList = Type.Object(
  {
    sites: Type.Array(
      Type.Object(
        {
          id: Type.Integer(),
          site: Type.String(),
          kind: Type.Enum(['back-off', 'block']),
          until: Instant,
          reason: Type.Optional(Type.String()),
          domains: Type.Array(Type.String()),
        },
        closed,
      ),
    ),
    paths: Type.Array(
      Type.Object(
        {
          source: Type.Integer(),
          mxIp: Type.String(),
          until: Instant,
          failures: Type.Integer(),
          reason: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'RestList' },
);
export type RestList = Static<typeof RestList>;

export const Lifted = Type.Object({ lifted: Type.Integer({ minimum: 0 }) }, { ...closed, title: 'Lifted' });
export type Lifted = Static<typeof Lifted>;
