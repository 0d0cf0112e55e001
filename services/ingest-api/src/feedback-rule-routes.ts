import { FeedbackRuleList, FeedbackRulePut, FeedbackRuleView } from '@mxflow/contracts';
import {
  listFeedbackRules,
  putFeedbackRule,
  seedFeedbackRules,
  type Database,
  type StoredFeedbackRule,
} from '@mxflow/db';
import { maskFault, type FeedbackAction, type FeedbackRule } from '@mxflow/domain';
import { DEFAULT_FEEDBACK_RULES, feedbackFaults } from '@mxflow/feedback';
import { foundText, ProblemError, problemsOf } from '@mxflow/http-api';

import type { Api, ApiParts } from './api.ts';
import { PlaceQuery, RulePath, throwUnlessEdited } from './reading-edit.ts';
import { addRuleEditRoutes } from './rule-edit-routes.ts';

const tags = ['feedback rules'];
const read = { config: { scope: 'rules:read' } } as const;
const write = { config: { scope: 'rules:write' } } as const;

/** Feedback rules: what a provider's replies lead to. */
export function addFeedbackRuleRoutes(api: Api, parts: ApiParts): void {
  addReads(api, parts);
  addPut(api, parts);
  addRuleEditRoutes(api, parts, {
    path: '/v1/feedback-rules',
    table: 'feedback_rules',
    tag: 'feedback rules',
    scope: 'rules:write',
    view: FeedbackRuleView,
    viewOne,
  });
}

function addReads(api: Api, { database }: ApiParts): void {
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/feedback-rules',
    schema: {
      tags,
      summary: 'Feedback rules in their order: the first that a reply matches holds',
      response: { 200: FeedbackRuleList, ...problemsOf(401, 403, 503) },
    },
    handler: async () => ({ rules: (await listSeeded(database)).map(viewRule) }),
  });
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/feedback-rules/:id',
    schema: {
      tags,
      summary: 'One feedback rule',
      params: RulePath,
      response: { 200: FeedbackRuleView, ...problemsOf(401, 403, 404, 503) },
    },
    handler: (request) => viewOne(database, request.params.id),
  });
}

function addPut(api: Api, { database }: ApiParts): void {
  api.route({
    ...write,
    method: 'PUT',
    url: '/v1/feedback-rules/:id',
    schema: {
      tags,
      summary: 'Add a feedback rule, or put a version of your own in its place; every process follows within seconds',
      params: RulePath,
      querystring: PlaceQuery,
      body: FeedbackRulePut,
      response: { 200: FeedbackRuleView, ...problemsOf(400, 401, 403, 404, 409, 422, 503) },
    },
    handler: async ({ params: { id }, query: { before }, body }) => {
      await listSeeded(database);
      const rule = feedbackRuleOf(id, body);
      throwUnlessEdited(await putFeedbackRule(database, rule, { before, enabled: body.enabled }));
      return await viewOne(database, id);
    },
  });
}

/** The rules; the bundled ones are loaded where no other process has done so yet. */
export async function listSeeded(database: Database): Promise<readonly StoredFeedbackRule[]> {
  const rules = await listFeedbackRules(database);
  if (rules.some(({ origin }) => origin !== 'local')) return rules;
  await seedFeedbackRules(database, DEFAULT_FEEDBACK_RULES);
  return await listFeedbackRules(database);
}

/** The rule that a body holds, checked as far as it can be without a reply. */
export function feedbackRuleOf(id: string, { enabled: _enabled, action, ...body }: FeedbackRulePut): FeedbackRule {
  const rule: FeedbackRule = { id, ...body, mask: body.mask.toLowerCase(), action: actionOf(action) };
  const mask = rule.mask === '*' ? undefined : maskFault(rule.mask);
  const faults = [
    ...(mask === undefined ? [] : [{ pointer: '/mask', expected: mask, found: rule.mask }]),
    ...feedbackFaults(rule),
  ];
  if (faults.length === 0) return rule;
  throw new ProblemError('invalid', { faults: faults.map((fault) => ({ ...fault, found: foundText(fault.found) })) });
}

function actionOf({ kind, seconds, cap }: FeedbackRulePut['action']): FeedbackAction {
  if (kind === 'suspend') {
    if (cap === undefined) return { kind, seconds };
    const fault = { pointer: '/action/cap', expected: 'none: nothing at all is sent', found: String(cap) };
    throw new ProblemError('invalid', { faults: [fault] });
  }
  if (cap !== undefined) return { kind, seconds, cap };
  const what = kind === 'rate' ? 'messages an hour' : 'connections at once';
  throw new ProblemError('invalid', {
    faults: [{ pointer: '/action/cap', expected: `the most ${what}, a whole number from 1 on`, found: 'nothing' }],
  });
}

async function viewOne(database: Database, id: string): Promise<FeedbackRuleView> {
  const rule = (await listSeeded(database)).find((each) => each.id === id);
  if (rule === undefined) throw new ProblemError('not-found');
  return viewRule(rule);
}

function viewRule({ lastHitAt, matches, passes, ...rule }: StoredFeedbackRule): FeedbackRuleView {
  return {
    ...rule,
    matches: [...matches],
    passes: [...passes],
    ...(lastHitAt === null ? {} : { lastHitAt: lastHitAt.toISOString() }),
  };
}
