import { Type, type Static } from 'typebox';

const closed = { additionalProperties: false } as const;

/** One fault of a body or parameter. */
export const Fault = Type.Object(
  {
    pointer: Type.String({ description: 'JSON pointer (RFC 6901) of what is at fault; empty: the whole' }),
    id: Type.Optional(Type.String({ description: 'The rule, where it is about one of many' })),
    expected: Type.String(),
    found: Type.String({ description: 'What stood there, cut short' }),
  },
  closed,
);
export type Fault = Static<typeof Fault>;

/** Every answer that is not 2xx (RFC 9457). */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Stable name of the kind of problem', examples: ['urn:mxflow:problem:invalid'] }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.Optional(Type.String()),
    errors: Type.Optional(Type.Array(Fault)),
  },
  { ...closed, title: 'Problem' },
);
export type Problem = Static<typeof Problem>;
