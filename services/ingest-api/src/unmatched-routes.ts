import { suggestPattern } from '@mxflow/bounce';
import { Qualified, QualifyPost, UnmatchedPage, UnmatchedStatusName, UnmatchedView } from '@mxflow/contracts';
import {
  findUnmatched,
  markUnmatched,
  pageLoggedFailures,
  pageUnmatched,
  putBounceRule,
  type Database,
  type StoredBounceRule,
  type UnmatchedPlace,
  type UnmatchedText,
} from '@mxflow/db';
import { decodeCursor, encodeCursor, ProblemError, problemsOf } from '@mxflow/http-api';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';
import { bounceRuleOf } from './bounce-rule-body.ts';
import { compareReplies } from './bounce-trial.ts';
import { suggestRule, textsTakenBy } from './qualify-text.ts';
import { throwUnlessEdited } from './reading-edit.ts';
import { changedRules } from './rule-change.ts';
import { createRuleCompiler, listSeededBounceRules } from './rules-at-hand.ts';

const LOOKED_AT = 5000;
const DAYS = 7;
const SHOWN = 200;
const TextPath = Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{8,64}$' }) });
const Query = Type.Object(
  {
    status: Type.Optional(UnmatchedStatusName),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
    cursor: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
);
const tags = ['unmatched texts'];
const read = { config: { scope: 'bounces:read' } } as const;
const write = { config: { scope: 'bounces:write' } } as const;

/** Texts that no rule matched: to be qualified, kept in mind, or ignored. */
export function addUnmatchedRoutes(api: Api, parts: ApiParts): void {
  addReads(api, parts);
  addMarks(api, parts);
  addQualify(api, parts);
}

function addReads(api: Api, { database }: ApiParts): void {
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
      const texts = await pageUnmatched(database, { status, after: placeOf(cursor), limit });
      const last = texts.length === limit ? texts.at(-1) : undefined;
      return {
        texts: texts.map(viewText),
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
      params: TextPath,
      response: { 200: UnmatchedView, ...problemsOf(401, 403, 404, 409, 503) },
    },
    handler: async (request) => viewText(await findOne(database, request.params.id)),
  });
}

function addMarks(api: Api, { database }: ApiParts): void {
  const marks = [
    { verb: 'keep', status: 'keep', summary: 'Keep a text in mind: it is no rule yet, and nothing to be done now' },
    { verb: 'ignore', status: 'ignore', summary: 'Ignore a text: it says nothing about an address' },
    { verb: 'reopen', status: 'to-qualify', summary: 'Put a text among those to be qualified again' },
  ] as const;
  for (const { verb, status, summary } of marks) {
    api.route({
      ...write,
      method: 'POST',
      url: `/v1/unmatched/:id/${verb}`,
      schema: {
        tags,
        summary,
        params: TextPath,
        response: { 200: UnmatchedView, ...problemsOf(401, 403, 404, 409, 503) },
      },
      handler: async (request) => {
        const text = await findOne(database, request.params.id);
        await markUnmatched(database, [text.id], { status });
        return viewText({ ...text, status, rule: null });
      },
    });
  }
}

function addQualify(api: Api, { database }: ApiParts): void {
  const compile = createRuleCompiler();
  api.route({
    ...write,
    method: 'POST',
    url: '/v1/unmatched/:id/qualify',
    schema: {
      tags,
      summary: 'Make a rule of a text; with dryRun only tell what it would be and what it would take',
      params: TextPath,
      body: QualifyPost,
      response: { 200: Qualified, ...problemsOf(400, 401, 403, 404, 409, 422, 503) },
    },
    handler: async ({ params, body }) => {
      const { id, dryRun = false } = body;
      const text = await findOne(database, params.id);
      const put = suggestRule(text, body);
      const rule = bounceRuleOf(id, put);
      const { rules } = await listSeededBounceRules(database);
      // A rule that has the name already is another decision: that one is edited, not made by the way.
      if (rules.some((known) => known.id === id)) throw nameTaken(id);
      const stored: StoredBounceRule = { ...rule, origin: 'local', enabled: true, hits: 0, lastHitAt: null };
      const tried = changedRules(rules, { put: stored });
      const page = await pageLoggedFailures(database, { days: DAYS, after: undefined, limit: LOOKED_AT });
      const compared = await compareReplies({ now: compile(rules), tried: compile(tried) }, page.failures);
      const texts = await textsTakenBy(database, rule);
      if (!dryRun) {
        throwUnlessEdited(await putBounceRule(database, rule));
        const ids = [text.id, ...texts.map((taken) => taken.id)];
        await markUnmatched(database, ids, { status: 'qualified', rule: id });
      }
      const failures = { looked: page.looked, ...compared };
      return { id, rule: put, texts: texts.slice(0, SHOWN).map(viewText), failures, dryRun };
    },
  });
}

function nameTaken(id: string): ProblemError {
  return new ProblemError('wrong-state', { detail: `there is a bounce rule ${id} already` });
}

function placeOf(cursor: string | undefined): UnmatchedPlace | undefined {
  const [hits, id] = decodeCursor(cursor, /^\d{1,15}:[0-9a-f]{64}$/)?.split(':') ?? [];
  return hits === undefined || id === undefined ? undefined : { hits: Number(hits), id };
}

async function findOne(database: Database, start: string): Promise<UnmatchedText> {
  const [found, other] = await findUnmatched(database, start);
  if (found === undefined) throw new ProblemError('not-found');
  if (other === undefined) return found;
  throw new ProblemError('wrong-state', { detail: 'several texts begin so: give more digits' });
}

function viewText({ replyCode, enhancedStatus, mxHost, rule, firstAt, lastAt, ...text }: UnmatchedText): UnmatchedView {
  const pattern = suggestPattern(text.text);
  return {
    ...text,
    ...(replyCode === null ? {} : { replyCode }),
    ...(enhancedStatus === null ? {} : { enhancedStatus }),
    ...(mxHost === null ? {} : { mxHost }),
    ...(rule === null ? {} : { rule }),
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
    ...(pattern === '' ? {} : { suggestedPattern: pattern }),
  };
}
