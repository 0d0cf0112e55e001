import type { QuarantineStatus } from '@mxflow/domain';
import { Type, type Static } from 'typebox';

import { Reason } from './http-bounce-rules.ts';
import { PolicyPut, QuarantineSettingsView } from './http-policies.ts';

const closed = { additionalProperties: false } as const;
const Instant = Type.String({ format: 'date-time' });
const Count = Type.Integer({ minimum: 0 });
const Sample = Type.Array(Type.String(), { description: 'Some of the addresses' });

const STATUSES = [
  'valid',
  'with-errors',
  'quarantined',
  'denylisted',
  'allow-listed',
] as const satisfies readonly QuarantineStatus[];
export const QuarantineStatusName = Type.Enum([...STATUSES]);

const dryRun = Type.Optional(Type.Boolean({ description: 'Only tell what it would do' }));
const Site = Type.String({
  pattern: '^(\\d{1,9}|resolver|[0-9A-Za-z.-]*[A-Za-z][0-9A-Za-z-]*)$',
  description: 'Number of a site, one of its domains, or resolver for domains that do not exist',
});
const Provider = Type.String({
  maxLength: 255,
  description: 'All sites of a provider, by the registrable domain of its MX hosts: outlook.com. Not beside a site',
});

/** Which addresses: those that meet all that is given. */
const filter = {
  status: Type.Optional(QuarantineStatusName),
  domain: Type.Optional(Type.String({ maxLength: 255 })),
  reason: Type.Optional(Reason),
  rule: Type.Optional(Type.String({ maxLength: 64 })),
  site: Type.Optional(Site),
  provider: Type.Optional(Provider),
  text: Type.Optional(
    Type.String({ minLength: 1, maxLength: 500, description: 'Anywhere in the text that was seen, case ignored' }),
  ),
  from: Type.Optional(Instant),
  to: Type.Optional(Instant),
} as const;

export const QuarantineQuery = Type.Object(
  {
    ...filter,
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
    cursor: Type.Optional(Type.String({ maxLength: 600 })),
  },
  closed,
);
export const QuarantineFilterQuery = Type.Object(filter, closed);
export type QuarantineFilterQuery = Static<typeof QuarantineFilterQuery>;

export const QuarantineView = Type.Object(
  {
    address: Type.String(),
    status: QuarantineStatusName,
    errors: Count,
    reason: Type.Optional(Reason),
    rule: Type.Optional(Type.String({ description: 'The bounce rule that decided' })),
    text: Type.Optional(Type.String({ description: 'The text that it saw, or what the person said' })),
    site: Type.Optional(Type.Integer()),
    countedAt: Type.Optional(Instant),
    successAt: Type.Optional(Instant),
    quarantinedAt: Type.Optional(Instant),
    releaseAt: Type.Optional(Instant),
    changedAt: Type.Optional(Instant),
  },
  { ...closed, title: 'QuarantinedAddress' },
);
export type QuarantineView = Static<typeof QuarantineView>;

export const QuarantinePage = Type.Object(
  { addresses: Type.Array(QuarantineView), next: Type.Optional(Type.String()) },
  { ...closed, title: 'QuarantinePage' },
);
export type QuarantinePage = Static<typeof QuarantinePage>;

export const QuarantineChangeView = Type.Object(
  {
    id: Type.String(),
    at: Instant,
    cause: Type.String({ description: 'error, complaint, release, bulk-release, reset, import, edit, undo' }),
    actor: Type.Optional(Type.String()),
    before: Type.Object({ status: QuarantineStatusName, errors: Count }, closed),
    after: Type.Object({ status: QuarantineStatusName, errors: Count }, closed),
    reason: Type.Optional(Reason),
    rule: Type.Optional(Type.String()),
    text: Type.Optional(Type.String()),
    site: Type.Optional(Type.Integer()),
    message: Type.Optional(Type.String({ description: 'The message whose failure it was' })),
    attempt: Type.Optional(Type.Integer()),
    undone: Type.Boolean(),
  },
  { ...closed, title: 'QuarantineChange' },
);
export type QuarantineChangeView = Static<typeof QuarantineChangeView>;

export const QuarantineHistory = Type.Object(
  { changes: Type.Array(QuarantineChangeView), next: Type.Optional(Type.String()) },
  { ...closed, title: 'QuarantineHistory' },
);
export type QuarantineHistory = Static<typeof QuarantineHistory>;

export const QuarantineExplanation = Type.Object(
  {
    address: Type.String(),
    barred: Type.Boolean({ description: 'No mail is sent to it now' }),
    why: Type.String({ description: 'In words' }),
    entry: Type.Optional(QuarantineView),
    policy: Type.Optional(
      Type.Object({ reason: Reason, ...PolicyPut.properties }, { ...closed, description: 'Of its last error' }),
    ),
    settings: QuarantineSettingsView,
    held: Type.Integer({ description: 'Errors that the guard holds back' }),
    leftLists: Type.Array(Type.Object({ list: Type.String(), at: Instant }, closed), {
      description: 'Lists that it unsubscribed from: no message of theirs that was accepted before is sent',
    }),
    history: Type.Array(QuarantineChangeView, { description: 'The latest changes, the last first' }),
  },
  { ...closed, title: 'QuarantineExplanation' },
);
export type QuarantineExplanation = Static<typeof QuarantineExplanation>;

export const QuarantinePut = Type.Object(
  {
    status: QuarantineStatusName,
    errors: Type.Optional(Type.Integer({ minimum: 0, maximum: 1000 })),
    reason: Type.Optional(Reason),
    note: Type.Optional(Type.String({ maxLength: 500, description: 'Why: it stands in the history' })),
    releaseDays: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 3650, description: 'It leaves quarantine by itself after so many days' }),
    ),
    dryRun,
  },
  { ...closed, title: 'QuarantinePut' },
);

const edited = { added: Count, changed: Count, unchanged: Count } as const;
export const QuarantineEdited = Type.Object(
  { ...edited, dryRun: Type.Boolean() },
  { ...closed, title: 'QuarantineEdited' },
);
export type QuarantineEdited = Static<typeof QuarantineEdited>;

export const ImportReport = Type.Object(
  {
    rows: Type.Integer({ description: 'Rows that were read, faulty ones included' }),
    ...edited,
    faults: Type.Object(
      {
        count: Count,
        first: Type.Array(
          Type.Object(
            { line: Type.Integer(), column: Type.String(), expected: Type.String(), found: Type.String() },
            closed,
          ),
        ),
      },
      { ...closed, description: 'Rows that were passed over' },
    ),
    dryRun: Type.Boolean(),
  },
  { ...closed, title: 'ImportReport' },
);
export type ImportReport = Static<typeof ImportReport>;

export const ReleasePost = Type.Object({ ...filter, dryRun }, { ...closed, title: 'ReleasePost' });
export const Released = Type.Object(
  { released: Count, sample: Sample, dryRun: Type.Boolean() },
  { ...closed, title: 'Released' },
);
export type Released = Static<typeof Released>;

export const UndoPost = Type.Object(
  {
    from: Instant,
    to: Instant,
    site: filter.site,
    provider: filter.provider,
    rule: filter.rule,
    reason: filter.reason,
    dryRun,
  },
  { ...closed, title: 'UndoPost' },
);
export const Undone = Type.Object(
  {
    restored: Type.Integer({ description: 'Addresses that stand where they stood before' }),
    changedSince: Type.Integer({ description: 'Addresses left alone: something else has changed them since' }),
    sample: Sample,
    dryRun: Type.Boolean(),
  },
  { ...closed, title: 'Undone' },
);
export type Undone = Static<typeof Undone>;

const heldFilter = {
  site: filter.site,
  provider: filter.provider,
  reason: filter.reason,
  rule: filter.rule,
  from: filter.from,
  to: filter.to,
} as const;
export const HeldErrorsQuery = Type.Object(
  {
    ...heldFilter,
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
    cursor: Type.Optional(Type.String({ maxLength: 100 })),
  },
  closed,
);
export const HeldErrorsPost = Type.Object({ ...heldFilter, dryRun }, { ...closed, title: 'HeldErrorsPost' });

export const HeldErrors = Type.Object(
  {
    sites: Type.Array(
      Type.Object(
        {
          site: Type.Integer({ description: '0: the resolver' }),
          key: Type.Optional(Type.String({ description: 'Its MX hosts' })),
          provider: Type.Optional(
            Type.String({ description: 'Its provider; without a key: this provider, over all of its sites' }),
          ),
          alarmedAt: Type.Optional(Instant),
          held: Count,
        },
        closed,
      ),
    ),
    errors: Type.Array(
      Type.Object(
        {
          id: Type.String(),
          site: Type.Integer(),
          address: Type.String(),
          at: Instant,
          reason: Reason,
          type: Type.String(),
          detail: Type.Optional(Type.String()),
          rule: Type.Optional(Type.String()),
          text: Type.Optional(Type.String()),
        },
        closed,
      ),
    ),
    next: Type.Optional(Type.String()),
  },
  { ...closed, title: 'HeldErrors' },
);
export type HeldErrors = Static<typeof HeldErrors>;

export const HeldSettled = Type.Object({ errors: Count, dryRun: Type.Boolean() }, { ...closed, title: 'HeldSettled' });
export type HeldSettled = Static<typeof HeldSettled>;
