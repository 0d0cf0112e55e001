import { DEFAULT_RULES } from '@mxflow/bounce';
import { BounceRuleList, BounceRulePut, BounceRuleView, RuleOrder } from '@mxflow/contracts';
import {
  deleteLocalRule,
  enableRule,
  orderLocalRules,
  putBounceRule,
  seedBounceRules,
  type Database,
} from '@mxflow/db';
import { ProblemError, problemsOf } from '@mxflow/http-api';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';
import { bounceRuleOf, viewBounceRule } from './bounce-rule-body.ts';
import { PlaceQuery, RulePath, throwUnlessEdited } from './reading-edit.ts';
import { listSeededBounceRules } from './rules-at-hand.ts';

const TABLE = 'bounce_rules';
const tags = ['bounce rules'];
const read = { config: { scope: 'bounces:read' } } as const;
const write = { config: { scope: 'bounces:write' } } as const;

/** Bounce rules: how failures are read. */
export function addBounceRuleRoutes(api: Api, parts: ApiParts): void {
  addReads(api, parts);
  addPut(api, parts);
  addOthers(api, parts);
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

function addOthers(api: Api, { database }: ApiParts): void {
  api.route({
    ...write,
    method: 'DELETE',
    url: '/v1/bounce-rules/:id',
    schema: {
      tags,
      summary: 'Delete a rule of your own; one of the set that it lay over holds again',
      params: RulePath,
      response: { 204: Type.Null(), ...problemsOf(401, 403, 404, 409, 503) },
    },
    handler: async (request, reply) => {
      throwUnlessEdited(await deleteLocalRule(database, TABLE, request.params.id));
      await seedBounceRules(database, DEFAULT_RULES);
      return reply.code(204).send(null);
    },
  });
  api.route({
    ...write,
    method: 'PUT',
    url: '/v1/bounce-rules/order',
    schema: {
      tags,
      summary: "Put the rules that stand before the set's into another order",
      body: RuleOrder,
      response: { 204: Type.Null(), ...problemsOf(400, 401, 403, 409, 422, 503) },
    },
    handler: async (request, reply) => {
      throwUnlessEdited(await orderLocalRules(database, TABLE, request.body.ids));
      return reply.code(204).send(null);
    },
  });
  for (const verb of ['enable', 'disable'] as const) {
    api.route({
      ...write,
      method: 'POST',
      url: `/v1/bounce-rules/:id/${verb}`,
      schema: {
        tags,
        summary: verb === 'enable' ? 'Switch a rule on' : 'Switch a rule off; it stays off whatever set comes',
        params: RulePath,
        response: { 200: BounceRuleView, ...problemsOf(401, 403, 404, 503) },
      },
      handler: async ({ params: { id } }) => {
        await listSeededBounceRules(database);
        throwUnlessEdited(await enableRule(database, TABLE, { id, enabled: verb === 'enable' }));
        return await viewOne(database, id);
      },
    });
  }
}

async function viewOne(database: Database, id: string): Promise<BounceRuleView> {
  const rule = (await listSeededBounceRules(database)).rules.find((each) => each.id === id);
  if (rule === undefined) throw new ProblemError('not-found');
  return viewBounceRule(rule);
}
