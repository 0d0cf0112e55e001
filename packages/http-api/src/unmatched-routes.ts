import { suggestPattern } from '@mxflow/bounce';
import { UnmatchedPage, UnmatchedStatusName, UnmatchedView } from '@mxflow/contracts';
import type { UnmatchedPlace, UnmatchedText, UnmatchedTexts } from '@mxflow/db';
import type { FastifyContextConfig } from 'fastify';
import { Type } from 'typebox';

import { decodeCursor, encodeCursor } from './cursor.ts';
import type { HttpApi } from './open-http-api.ts';
import { ProblemError } from './problem.ts';
import { problemsOf } from './route-answers.ts';

/** The path of one text: a few digits of its id. */
export const UnmatchedPath = Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{8,64}$' }) });
const Query = Type.Object(
  {
    status: Type.Optional(UnmatchedStatusName),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
    cursor: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
);
const tags = ['unmatched texts'];
const MARKS = [
  { verb: 'keep', status: 'keep', summary: 'Keep a text in mind: it is no rule yet, and nothing to be done now' },
  { verb: 'ignore', status: 'ignore', summary: 'Ignore a text: it says nothing about an address' },
  { verb: 'reopen', status: 'to-qualify', summary: 'Put a text among those to be qualified again' },
] as const;

export type UnmatchedRoutes = {
  readonly texts: UnmatchedTexts;
  /** Who may read them, and who may say what becomes of them. */
  readonly read: { readonly config: FastifyContextConfig };
  readonly write: { readonly config: FastifyContextConfig };
};

/** Texts that no rule matched: to be read, kept in mind or ignored. */
export function addUnmatchedTextRoutes(api: HttpApi, { texts, read, write }: UnmatchedRoutes): void {
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/unmatched',
    schema: {
      tags,
      summary: 'Texts that no rule matched, the most frequent first',
      querystring: Query,
      response: { 200: UnmatchedPage, ...problemsOf(401, 403, 422, 503) },
    },
    handler: async ({ query: { status = 'to-qualify', limit, cursor } }) => {
      const page = await texts.page({ status, after: placeOf(cursor), limit });
      const last = page.length === limit ? page.at(-1) : undefined;
      return {
        texts: page.map(viewUnmatched),
        ...(last === undefined ? {} : { next: encodeCursor(`${last.hits}:${last.id}`) }),
      };
    },
  });
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/unmatched/:id',
    schema: {
      tags,
      summary: 'One such text, with a pattern that a rule could ask for',
      params: UnmatchedPath,
      response: { 200: UnmatchedView, ...problemsOf(401, 403, 404, 409, 503) },
    },
    handler: async (request) => viewUnmatched(await findOneUnmatched(texts, request.params.id)),
  });
  for (const { verb, status, summary } of MARKS) {
    api.route({
      ...write,
      method: 'POST',
      url: `/v1/unmatched/:id/${verb}`,
      schema: {
        tags,
        summary,
        params: UnmatchedPath,
        response: { 200: UnmatchedView, ...problemsOf(401, 403, 404, 409, 503) },
      },
      handler: async (request) => {
        const text = await findOneUnmatched(texts, request.params.id);
        await texts.mark([text.id], { status });
        return viewUnmatched({ ...text, status, rule: null });
      },
    });
  }
}

function placeOf(cursor: string | undefined): UnmatchedPlace | undefined {
  const [hits, id] = decodeCursor(cursor, /^\d{1,15}:[0-9a-f]{64}$/)?.split(':') ?? [];
  return hits === undefined || id === undefined ? undefined : { hits: Number(hits), id };
}

/** The text whose id begins so; ends the request where there is none, or more than one. */
export async function findOneUnmatched(texts: UnmatchedTexts, start: string): Promise<UnmatchedText> {
  const [found, other] = await texts.find(start);
  if (found === undefined) throw new ProblemError('not-found');
  if (other === undefined) return found;
  throw new ProblemError('wrong-state', { detail: 'several texts begin so: give more digits' });
}

export function viewUnmatched({
  example,
  clients,
  replyCode,
  enhancedStatus,
  mxHost,
  rule,
  firstAt,
  lastAt,
  ...text
}: UnmatchedText): UnmatchedView {
  const pattern = suggestPattern(text.text);
  return {
    ...text,
    ...(example === null ? {} : { example }),
    ...(clients === null ? {} : { clients }),
    ...(replyCode === null ? {} : { replyCode }),
    ...(enhancedStatus === null ? {} : { enhancedStatus }),
    ...(mxHost === null ? {} : { mxHost }),
    ...(rule === null ? {} : { rule }),
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
    ...(pattern === '' ? {} : { suggestedPattern: pattern }),
  };
}
