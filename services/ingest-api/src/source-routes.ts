import { SourceChangeBody, SourceHistory, SourceList, SourceView } from '@mxflow/contracts';
import { changeSource, readRampPlans, readRuleSet, readSourceHistory, type Database } from '@mxflow/db';
import { ProblemError, problemsOf } from '@mxflow/http-api';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';

const PublicId = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });
const read = { config: { scope: 'rules:read' } } as const;
const write = { config: { scope: 'rules:write' } } as const;

/** What operators decide about each source. */
export function addSourceRoutes(api: Api, parts: ApiParts): void {
  addReads(api, parts);
  addChange(api, parts);
}

function addReads(api: Api, { database }: ApiParts): void {
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/sources',
    schema: {
      tags: ['sources'],
      summary: 'Sources that workers registered',
      response: { 200: SourceList, ...problemsOf(401, 403, 503) },
    },
    handler: async () => ({ sources: await viewSources(database) }),
  });
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/sources/:id/history',
    schema: {
      tags: ['sources'],
      summary: "Changes of a source's level, the latest first, each with its reason",
      params: PublicId,
      response: { 200: SourceHistory, ...problemsOf(401, 403, 404, 503) },
    },
    handler: async (request) => {
      const history = await readSourceHistory(database, request.params.id);
      return {
        history: history.map(({ at, levelBefore, levelAfter, reason, facts }) => ({
          at: at.toISOString(),
          reason,
          ...(levelBefore === null ? {} : { levelBefore }),
          ...(levelAfter === null ? {} : { levelAfter }),
          ...(facts === null ? {} : { facts }),
        })),
      };
    },
  });
}

function addChange(api: Api, { database }: ApiParts): void {
  api.route({
    ...write,
    method: 'PATCH',
    url: '/v1/sources/:id',
    schema: {
      tags: ['sources'],
      summary: "Set a source's own level, pause it, or give it a ramp plan",
      params: PublicId,
      body: SourceChangeBody,
      response: { 200: SourceView, ...problemsOf(400, 401, 403, 404, 422, 503) },
    },
    handler: async (request) => {
      const isThere = await changeSource(database, request.params.id, request.body);
      const found = (await viewSources(database)).find(({ publicId }) => publicId === request.params.id);
      if (!isThere || found === undefined) throw new ProblemError('not-found');
      return found;
    },
  });
}

async function viewSources(database: Database): Promise<SourceView[]> {
  const { sources } = await readRuleSet(database);
  const plans = await readRampPlans(database);
  return sources.map(({ pools, includeDomains, excludeDomains, ...source }) => {
    const ramp = plans.get(source.publicId);
    return {
      ...source,
      pools: [...pools],
      includeDomains: [...includeDomains],
      excludeDomains: [...excludeDomains],
      ...(ramp === undefined ? {} : { ramp }),
    };
  });
}
