import { Type, type Static } from 'typebox';

import { Fault } from './http-problem.ts';
import { JOB_MODES, PRIORITY_NAMES } from './http-words.ts';

const closed = { additionalProperties: false } as const;
const Count = Type.Integer({ minimum: 0 });
const Instant = Type.String({ format: 'date-time' });

export const JOB_STATES = ['receiving', 'active', 'paused', 'cancelled', 'finished'] as const;

const Counts = Type.Object(
  {
    pending: Count,
    sent: Count,
    deferred: Count,
    failed: Count,
    ignored: Count,
    expired: Count,
    cancelled: Count,
    inDoubt: Type.Integer({
      minimum: 0,
      description: 'Attempts whose outcome nobody knows; their messages are counted by status besides',
    }),
  },
  closed,
);

const summary = {
  id: Type.String(),
  state: Type.Enum([...JOB_STATES]),
  mode: Type.Enum([...JOB_MODES]),
  pool: Type.String(),
  priority: Type.Enum([...PRIORITY_NAMES]),
  recipients: Count,
  counts: Counts,
  prepared: Type.Number({ minimum: 0, maximum: 1, description: 'Share of the recipients that are ready to be sent' }),
  createdAt: Instant,
  acceptedAt: Type.Optional(Instant),
  notBefore: Type.Optional(Instant),
  validUntil: Instant,
  finishedAt: Type.Optional(Instant),
} as const;

/** A job in a list. */
export const JobSummary = Type.Object(summary, { ...closed, title: 'JobSummary' });
export type JobSummary = Static<typeof JobSummary>;

/** A job with everything that is known about it as a whole. */
export const JobView = Type.Object(
  {
    ...summary,
    rejected: Type.Object(
      {
        count: Count,
        first: Type.Array(
          Type.Object(
            {
              line: Type.Integer({ description: 'Line of the stream, from 1, or index in `recipients`' }),
              ...Fault.properties,
            },
            closed,
          ),
        ),
      },
      closed,
    ),
    rates: Type.Object(
      {
        perSecond: Type.Number({ minimum: 0, description: 'Messages ended a second since the job could start' }),
        sent: Type.Number({ minimum: 0, maximum: 1, description: 'Share of sent among ended messages' }),
        failed: Type.Number({ minimum: 0, maximum: 1, description: 'Share of failed among ended messages' }),
      },
      closed,
    ),
    estimatedEndAt: Type.Optional(Type.String({ format: 'date-time', description: 'At the rate so far' })),
    tracking: Type.Optional(Type.Record(Type.String(), Type.String())),
  },
  { ...closed, title: 'Job' },
);
export type JobView = Static<typeof JobView>;

export const JobPage = Type.Object(
  { jobs: Type.Array(JobSummary), next: Type.Optional(Type.String({ description: 'Cursor of the next page' })) },
  { ...closed, title: 'JobPage' },
);
export type JobPage = Static<typeof JobPage>;

/** Answer to pause, resume and cancel. */
export const JobStateAnswer = Type.Object(
  { id: Type.String(), state: Type.Enum([...JOB_STATES]) },
  { ...closed, title: 'JobState' },
);
