import { MxRuleList, MxRuleOrder, MxRulePut, MxRuleView, RuleFindings } from '@mxflow/contracts';
import { deleteMxRule, orderMxRules, putMxRule, readRuleSet, type RuleEdit } from '@mxflow/db';
import { lintRules, readMxRule, type Level, type MxRule } from '@mxflow/domain';
import { ProblemError, problemsOf } from '@mxflow/http-api';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';

const RuleId = Type.Object({ id: Type.String({ pattern: '^[a-z0-9]([a-z0-9.-]{0,62}[a-z0-9])?$' }) });
const Before = Type.Object(
  { before: Type.Optional(Type.String({ description: 'A new place: before this rule. A new rule comes first else' })) },
  { additionalProperties: false },
);
const read = { config: { scope: 'rules:read' } } as const;
const write = { config: { scope: 'rules:write' } } as const;

/** MX rules: the whole list, each rule, its order, and what is odd about it. */
export function addRuleRoutes(api: Api, parts: ApiParts): void {
  addReads(api, parts);
  addPut(api, parts);
  addOthers(api, parts);
}

function addReads(api: Api, { database }: ApiParts): void {
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/rules',
    schema: {
      tags: ['rules'],
      summary: 'MX rules in their order',
      response: { 200: MxRuleList, ...problemsOf(401, 403, 503) },
    },
    handler: async () => {
      const { version, level, rules } = await readRuleSet(database);
      return { version, level, rules: rules.map(viewRule) };
    },
  });
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/rules/lint',
    schema: {
      tags: ['rules'],
      summary: 'Rules that never hold, contradict each other or do not grow; sources that share an IP',
      response: { 200: RuleFindings, ...problemsOf(401, 403, 503) },
    },
    handler: async () => {
      const { rules, sources } = await readRuleSet(database);
      return { findings: [...lintRules(rules, sources)] };
    },
  });
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/rules/:id',
    schema: {
      tags: ['rules'],
      summary: 'One MX rule',
      params: RuleId,
      response: { 200: MxRuleView, ...problemsOf(401, 403, 404, 503) },
    },
    handler: async (request) => {
      const rule = (await readRuleSet(database)).rules.find(({ id }) => id === request.params.id);
      if (rule === undefined) throw new ProblemError('not-found');
      return viewRule(rule);
    },
  });
}

function addPut(api: Api, { database }: ApiParts): void {
  api.route({
    ...write,
    method: 'PUT',
    url: '/v1/rules/:id',
    schema: {
      tags: ['rules'],
      summary: 'Add or replace an MX rule; every worker follows within seconds',
      params: RuleId,
      querystring: Before,
      body: MxRulePut,
      response: { 200: MxRuleView, ...problemsOf(400, 401, 403, 404, 409, 422, 503) },
    },
    // The domain reads the body itself: its faults name rule, level and field.
    validatorCompiler: () => () => true,
    handler: async (request) => {
      const { level } = await readRuleSet(database);
      const rule = ruleOf(request.body, request.params.id, level);
      throwUnlessDone(await putMxRule(database, rule, request.query.before));
      return viewRule(rule);
    },
  });
}

function addOthers(api: Api, { database }: ApiParts): void {
  api.route({
    ...write,
    method: 'DELETE',
    url: '/v1/rules/:id',
    schema: {
      tags: ['rules'],
      summary: 'Delete a rule of your own; at Custom any but the last. One of the set that it lay over holds again',
      params: RuleId,
      response: { 204: Type.Null(), ...problemsOf(401, 403, 404, 409, 503) },
    },
    handler: async (request, reply) => {
      throwUnlessDone(await deleteMxRule(database, request.params.id));
      return reply.code(204).send(null);
    },
  });
  api.route({
    ...write,
    method: 'PUT',
    url: '/v1/rules/order',
    schema: {
      tags: ['rules'],
      summary: 'Put the rules into another order',
      body: MxRuleOrder,
      response: { 204: Type.Null(), ...problemsOf(400, 401, 403, 409, 422, 503) },
    },
    handler: async (request, reply) => {
      throwUnlessDone(await orderMxRules(database, request.body.ids));
      return reply.code(204).send(null);
    },
  });
}

/** The rule that a body holds. At Custom it needs figures of its own for that too. */
export function ruleOf(body: unknown, id: string, level: Level): MxRule {
  const result = readMxRule(body, { id, isCustom: level === 'custom' });
  if (result.kind === 'faults') throw new ProblemError('invalid', { faults: result.faults });
  return result.rule;
}

/** Ends the request where an edit was not made. */
export function throwUnlessDone(edit: RuleEdit): void {
  switch (edit) {
    case 'done':
      return;
    case 'unknown':
      throw new ProblemError('not-found', { detail: 'no rule has this id, or the one that `before` names' });
    case 'last-rule':
      throw new ProblemError('wrong-state', { detail: 'the rule `any` cannot be deleted and stays last' });
    case 'of-the-set':
      throw new ProblemError('wrong-state', {
        detail: 'the rule came with the rule set, which brings it again: put one of your own over it, or go to Custom',
      });
    case 'other-list':
      throw new ProblemError('wrong-state', { detail: 'the ids are not those of the rules: each once' });
  }
}

function viewRule(rule: MxRule): MxRuleView {
  return { ...rule };
}
