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
import { foundText, ProblemError } from '@mxflow/http-api';

import type { Api, ApiParts } from './api.ts';
import { addRuleRoutes } from './rule-edit-routes.ts';

/** Feedback rules: what a provider's replies lead to. */
export function addFeedbackRuleRoutes(api: Api, parts: ApiParts): void {
  addRuleRoutes(api, parts, {
    path: '/v1/feedback-rules',
    table: 'feedback_rules',
    name: 'feedback rule',
    scopes: 'rules',
    order: 'the first that a reply matches holds',
    followers: 'process',
    view: FeedbackRuleView,
    list: FeedbackRuleList,
    listAll: async (database) => ({ rules: (await listSeeded(database)).map(viewRule) }),
    body: FeedbackRulePut,
    put: async (database, { id, body, before }) => {
      await listSeeded(database);
      return await putFeedbackRule(database, feedbackRuleOf(id, body), { before, enabled: body.enabled });
    },
    viewOne,
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
