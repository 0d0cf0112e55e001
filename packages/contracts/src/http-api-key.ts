import { Type, type Static } from 'typebox';

const closed = { additionalProperties: false } as const;
const Instant = Type.String({ format: 'date-time' });

export const ApiKeyPost = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100 }),
    scopes: Type.Array(
      Type.Enum([
        'jobs:write',
        'jobs:read',
        'webhooks:write',
        'keys:write',
        'rules:read',
        'rules:write',
        'bounces:read',
        'bounces:write',
        'quarantine:read',
        'quarantine:write',
      ]),
      {
        minItems: 1,
        uniqueItems: true,
      },
    ),
  },
  { ...closed, title: 'ApiKeyPost' },
);
export type ApiKeyPost = Static<typeof ApiKeyPost>;

/** The key itself: shown here and never again. */
export const ApiKeyCreated = Type.Object(
  { id: Type.Integer(), key: Type.String() },
  { ...closed, title: 'ApiKeyCreated' },
);

export const ApiKeyList = Type.Object(
  {
    keys: Type.Array(
      Type.Object(
        {
          id: Type.Integer(),
          name: Type.String(),
          scopes: Type.Array(Type.String()),
          createdAt: Instant,
          revokedAt: Type.Optional(Instant),
        },
        closed,
      ),
    ),
  },
  { ...closed, title: 'ApiKeyList' },
);
export type ApiKeyList = Static<typeof ApiKeyList>;
