import { BounceRuleList, BounceRulePut, BounceRuleView } from '@mxflow/contracts';
import { putBounceRule, type Database } from '@mxflow/db';
import { ProblemError } from '@mxflow/http-api';

import type { Api, ApiParts } from './api.ts';
import { bounceRuleOf, viewBounceRule } from './bounce-rule-body.ts';
import { addRuleRoutes } from './rule-edit-routes.ts';
import { listSeededBounceRules } from './rules-at-hand.ts';

/** Bounce rules: how failures are read. */
export function addBounceRuleRoutes(api: Api, parts: ApiParts): void {
  addRuleRoutes(api, parts, {
    path: '/v1/bounce-rules',
    table: 'bounce_rules',
    name: 'bounce rule',
    scopes: 'bounces',
    order: 'the first that matches decides',
    followers: 'process',
    view: BounceRuleView,
    list: BounceRuleList,
    listAll: async (database) => {
      const { version, rules } = await listSeededBounceRules(database);
      return { version, rules: rules.map(viewBounceRule) };
    },
    body: BounceRulePut,
    put: async (database, { id, body, before }) => {
      await listSeededBounceRules(database);
      return await putBounceRule(database, bounceRuleOf(id, body), { before, enabled: body.enabled });
    },
    viewOne,
  });
}

async function viewOne(database: Database, id: string): Promise<BounceRuleView> {
  const rule = (await listSeededBounceRules(database)).rules.find((each) => each.id === id);
  if (rule === undefined) throw new ProblemError('not-found');
  return viewBounceRule(rule);
}
