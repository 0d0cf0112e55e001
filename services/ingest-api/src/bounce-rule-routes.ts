import { BounceRuleList, BounceRulePut, BounceRuleView } from '@mxflow/contracts';
import { putBounceRule, type Database } from '@mxflow/db';
import { ProblemError, problemsOf } from '@mxflow/http-api';

import type { Api, ApiParts } from './api.ts';
import { bounceRuleOf, viewBounceRule } from './bounce-rule-body.ts';
import { PlaceQuery, RulePath, throwUnlessEdited } from './reading-edit.ts';
import { addRuleEditRoutes } from './rule-edit-routes.ts';
import { listSeededBounceRules } from './rules-at-hand.ts';

const tags = ['bounce rules'];
const read = { config: { scope: 'bounces:read' } } as const;
const write = { config: { scope: 'bounces:write' } } as const;

/** Bounce rules: how failures are read. */
export function addBounceRuleRoutes(api: Api, parts: ApiParts): void {
  addReads(api, parts);
  addPut(api, parts);
  addRuleEditRoutes(api, parts, {
    path: '/v1/bounce-rules',
    table: 'bounce_rules',
    tag: 'bounce rules',
    scope: 'bounces:write',
    view: BounceRuleView,
    viewOne,
  });
}

function addReads(api: Api, { database }: ApiParts): void {
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/bounce-rules',
    schema: {
      tags,
      summary: 'Bounce rules in their order: the first that matches decides',
      response: { 200: BounceRuleList, ...problemsOf(401, 403, 503) },
    },
    handler: async () => {
      const { version, rules } = await listSeededBounceRules(database);
      return { version, rules: rules.map(viewBounceRule) };
    },
  });
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/bounce-rules/:id',
    schema: {
      tags,
      summary: 'One bounce rule',
      params: RulePath,
      response: { 200: BounceRuleView, ...problemsOf(401, 403, 404, 503) },
    },
    handler: (request) => viewOne(database, request.params.id),
  });
}

function addPut(api: Api, { database }: ApiParts): void {
  api.route({
    ...write,
    method: 'PUT',
    url: '/v1/bounce-rules/:id',
    schema: {
      tags,
      summary: 'Add a bounce rule, or put a version of your own in its place; every process follows within seconds',
      params: RulePath,
      querystring: PlaceQuery,
      body: BounceRulePut,
      response: { 200: BounceRuleView, ...problemsOf(400, 401, 403, 404, 409, 422, 503) },
    },
    handler: async ({ params: { id }, query: { before }, body }) => {
      await listSeededBounceRules(database);
      throwUnlessEdited(await putBounceRule(database, bounceRuleOf(id, body), { before, enabled: body.enabled }));
      return await viewOne(database, id);
    },
  });
}

async function viewOne(database: Database, id: string): Promise<BounceRuleView> {
  const rule = (await listSeededBounceRules(database)).rules.find((each) => each.id === id);
  if (rule === undefined) throw new ProblemError('not-found');
  return viewBounceRule(rule);
}
