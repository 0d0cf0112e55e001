import { Type, type Static } from 'typebox';

import { RuleSetContent, RuleSetDiff, RuleSetFault } from './rule-set-document.ts';

const closed = { additionalProperties: false } as const;
const Instant = Type.String({ format: 'date-time' });
const Version = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });

/** Keys that sign rule sets: what a client has to trust. */
export const PublicKeys = Type.Object(
  {
    keys: Type.Array(
      Type.Object(
        {
          kid: Type.String({ description: 'Thumbprint of the key (RFC 7638)' }),
          publicKey: Type.String({ description: 'Ed25519, 43 characters of base64url' }),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'PublicKeys' },
);
export type PublicKeys = Static<typeof PublicKeys>;

export const HubVersionView = Type.Object(
  {
    version: Version,
    publishedAt: Instant,
    publishedBy: Type.String({ description: 'The name of the key' }),
    note: Type.String(),
    sha256: Type.String({ description: 'Of the document' }),
  },
  { ...closed, title: 'HubVersion' },
);
export type HubVersionView = Static<typeof HubVersionView>;

export const HubVersionPage = Type.Object(
  { versions: Type.Array(HubVersionView, { description: 'The newest first' }), next: Type.Optional(Type.String()) },
  { ...closed, title: 'HubVersionPage' },
);
export type HubVersionPage = Static<typeof HubVersionPage>;

const draft = {
  revision: Type.Integer({ description: 'Rises with every change: the ETag of the draft' }),
  basedOn: Type.Integer({ description: 'The version that it began as' }),
  changedAt: Instant,
  changedBy: Type.String(),
} as const;

export const HubDraftView = Type.Object({ ...draft, content: RuleSetContent }, { ...closed, title: 'HubDraft' });
export type HubDraftView = Static<typeof HubDraftView>;

/** What an edit left. */
export const HubDraftRevision = Type.Object({ revision: draft.revision }, { ...closed, title: 'HubDraftRevision' });
export type HubDraftRevision = Static<typeof HubDraftRevision>;

/** What is wrong with the draft. */
export const HubDraftCheck = Type.Object(
  { revision: draft.revision, faults: Type.Array(RuleSetFault, { description: 'Empty: it may be published' }) },
  { ...closed, title: 'HubDraftCheck' },
);
export type HubDraftCheck = Static<typeof HubDraftCheck>;

/** What publishing the draft would change. */
export const HubDraftDiff = Type.Object(
  { revision: draft.revision, from: Type.Integer({ description: 'The newest version' }), diff: RuleSetDiff },
  { ...closed, title: 'HubDraftDiff' },
);
export type HubDraftDiff = Static<typeof HubDraftDiff>;

export const HubPublishPost = Type.Object(
  {
    note: Type.String({ minLength: 1, maxLength: 4000, description: 'Why this version exists' }),
    dryRun: Type.Optional(Type.Boolean({ description: 'Only tell what would be published' })),
  },
  { ...closed, title: 'HubPublishPost' },
);
export type HubPublishPost = Static<typeof HubPublishPost>;

export const HubPublished = Type.Object(
  {
    version: Version,
    publishedAt: Type.Optional(Instant),
    diff: RuleSetDiff,
    dryRun: Type.Boolean(),
  },
  { ...closed, title: 'HubPublished' },
);
export type HubPublished = Static<typeof HubPublished>;

export const HubVersionDiff = Type.Object(
  { from: Type.Integer(), to: Type.Integer(), diff: RuleSetDiff },
  { ...closed, title: 'HubVersionDiff' },
);
export type HubVersionDiff = Static<typeof HubVersionDiff>;

/** What became of a report of unmatched texts. */
export const UnmatchedTaken = Type.Object(
  {
    taken: Type.Integer(),
    refused: Type.Integer({ description: 'With an address in them, or past what is kept of one client' }),
  },
  { ...closed, title: 'UnmatchedTaken' },
);
export type UnmatchedTaken = Static<typeof UnmatchedTaken>;

export const HubRoleName = Type.Enum(['client', 'editor']);

export const HubKeyPost = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,99}$', description: 'Of the client or the person' }),
    role: HubRoleName,
    replace: Type.Optional(Type.Boolean({ description: 'Revoke the key that has the name' })),
  },
  { ...closed, title: 'HubKeyPost' },
);
export type HubKeyPost = Static<typeof HubKeyPost>;

/** The key itself: shown here and never again. */
export const HubKeyCreated = Type.Object(
  { id: Type.Integer(), key: Type.String() },
  { ...closed, title: 'HubKeyCreated' },
);
export type HubKeyCreated = Static<typeof HubKeyCreated>;

export const HubKeyList = Type.Object(
  {
    keys: Type.Array(
      Type.Object(
        {
          id: Type.Integer(),
          name: Type.String(),
          role: HubRoleName,
          createdAt: Instant,
          revokedAt: Type.Optional(Instant),
          lastPullAt: Type.Optional(Type.String({ format: 'date-time', description: 'When it last came for rules' })),
          lastVersion: Type.Optional(Type.Integer({ description: 'The version that it had then' })),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'HubKeyList' },
);
export type HubKeyList = Static<typeof HubKeyList>;
