import { DomainRuleList, DomainRulePut, DomainRuleView, DomainTrial, DomainTrialPost } from '@mxflow/contracts';
import { listDomainRules, listRecentDomains, putDomainRule, type Database, type StoredDomainRule } from '@mxflow/db';
import { domainMaskFault, domainRuleFor, type DomainRule } from '@mxflow/domain';
import { ProblemError, problemsOf } from '@mxflow/http-api';

import type { Api, ApiParts } from './api.ts';
import { triedRules } from './reading-edit.ts';
import { addRuleRoutes } from './rule-edit-routes.ts';
import { readTrialRule } from './trial-rule.ts';

const PATH = '/v1/domain-rules';
const tags = ['domain rules'];
const read = { config: { scope: 'rules:read' } } as const;
/** Domains of the last week that a trial looks at. */
const MAX_DOMAINS = 100_000;
const MAX_CHANGES = 500;

/** Domain rules: what is known of recipients' domains before DNS is asked. */
export function addDomainRuleRoutes(api: Api, parts: ApiParts): void {
  addTrial(api, parts);
  addRuleRoutes(api, parts, {
    path: PATH,
    table: 'domain_rules',
    name: 'domain rule',
    scopes: 'rules',
    order: 'the first whose mask matches holds',
    followers: 'worker',
    view: DomainRuleView,
    list: DomainRuleList,
    listAll: async (database) => ({ rules: [...(await listDomainRules(database))] }),
    body: DomainRulePut,
    put: (database, { id, body, before }) =>
      putDomainRule(database, domainRuleOf(id, body), { before, enabled: body.enabled }),
    viewOne,
  });
}

function addTrial(api: Api, { database }: ApiParts): void {
  api.route({
    ...read,
    method: 'POST',
    url: `${PATH}/dry-run`,
    schema: {
      tags,
      summary: 'Which domains that got mail in the last week would be treated otherwise',
      body: DomainTrialPost,
      response: { 200: DomainTrial, ...problemsOf(400, 401, 403, 404, 409, 422, 503) },
    },
    handler: async ({ body: { put, ...change } }) => {
      const now = await listDomainRules(database);
      const tried = await triedRules(
        database,
        { table: 'domain_rules', rules: now, read: listDomainRules },
        { ...change, put: put === undefined ? undefined : trialRule(put) },
      );
      const domains = await listRecentDomains(database, MAX_DOMAINS);
      const changes = domains.flatMap(({ domain, messages }) => {
        const [before, after] = [verdict(now, domain), verdict(tried, domain)];
        return before.action === after.action ? [] : [{ domain, messages, before, after }];
      });
      return { looked: domains.length, changes: changes.slice(0, MAX_CHANGES) };
    },
  });
}

function verdict(rules: readonly StoredDomainRule[], domain: string): DomainTrial['changes'][number]['before'] {
  const rule = domainRuleFor(
    rules.filter(({ enabled }) => enabled),
    domain,
  );
  return rule === undefined ? { action: 'deliver' } : { action: rule.action, rule: rule.id };
}

function trialRule(put: unknown): StoredDomainRule {
  return readTrialRule(put, DomainRulePut, (id, body) => ({
    ...domainRuleOf(id, body),
    origin: 'local' as const,
    enabled: body.enabled ?? true,
  }));
}

function domainRuleOf(id: string, { enabled: _enabled, mask, ...body }: DomainRulePut): DomainRule {
  const rule = { id, ...body, mask: mask.toLowerCase() };
  const expected = domainMaskFault(rule);
  if (expected === undefined) return rule;
  throw new ProblemError('invalid', { faults: [{ pointer: '/mask', expected, found: mask }] });
}

async function viewOne(database: Database, id: string): Promise<DomainRuleView> {
  const rule = (await listDomainRules(database)).find((each) => each.id === id);
  if (rule === undefined) throw new ProblemError('not-found');
  return rule;
}
