import { API_KEY_SHAPE, appendAudit, findCaller, type AuditEntry, type Database } from '@mxflow/db';
import { addDescription, openAuditTrail, openHttpApi, rememberCallers, serveDescription } from '@mxflow/http-api';
import type { Logger, Meter } from '@mxflow/telemetry';
import type { FastifyRequest } from 'fastify';

import { createAdmission } from './admission.ts';
import { addApiKeyRoutes } from './api-key-routes.ts';
import type { Api, ApiParts } from './api.ts';
import { authenticate } from './authenticate.ts';
import { addBodyParsers } from './body-parsers.ts';
import { addBounceRuleRoutes } from './bounce-rule-routes.ts';
import { addBounceTrialRoutes } from './bounce-trial-routes.ts';
import { addDomainRuleRoutes } from './domain-rule-routes.ts';
import { createEvents } from './events.ts';
import { addJobRoutes } from './job-routes.ts';
import { addInboundRoutes } from './inbound-routes.ts';
import { addMessageRoutes } from './message-routes.ts';
import { addFeedbackRuleRoutes } from './feedback-rule-routes.ts';
import { addFeedbackTrialRoutes } from './feedback-trial-routes.ts';
import { addPolicyRoutes } from './policy-routes.ts';
import { addUnmatchedRoutes } from './unmatched-routes.ts';
import { createMxLookup } from './mx-lookup.ts';
import { addWebhookRoutes } from './webhook-routes.ts';
import { addQuarantineBulkRoutes } from './quarantine-bulk-routes.ts';
import { addQuarantineCsvRoutes } from './quarantine-csv-routes.ts';
import { addQuarantineRoutes } from './quarantine-routes.ts';
import { addRestRoutes } from './rest-routes.ts';
import { addRuleRoutes } from './rule-routes.ts';
import { addRuleTrialRoutes } from './rule-trial-routes.ts';
import { addLevelRoutes } from './level-routes.ts';
import { addSourceRoutes } from './source-routes.ts';
import { addSyncRoutes } from './sync-routes.ts';
import { addSyncVersionRoutes } from './sync-version-routes.ts';
import { addUnsubscribeRoutes } from './unsubscribe-routes.ts';
import { addWhyRoutes } from './why-routes.ts';

export type AppOptions = Omit<ApiParts, 'events' | 'admission' | 'resolveMx'> & {
  /** The machine's own name servers where left out. */
  readonly resolveMx?: ApiParts['resolveMx'];
  readonly database: Database;
  readonly logger: Logger;
  readonly meter: Meter;
};

/** The API with all its routes, not yet listening. Closing it lets requests in progress end and writes the audit log. */
export async function buildApp(options: AppOptions): Promise<Api> {
  const { logger, meter, ...rest } = options;
  const events = createEvents(logger, meter);
  const { streams, heldOctets: bodyOctets } = options.limits;
  const resolveMx = options.resolveMx ?? createMxLookup([]);
  const parts: ApiParts = { ...rest, resolveMx, events, admission: createAdmission({ streams, bodyOctets }) };
  const api: Api = openHttpApi({ events, pace: options.limits.pace });
  addBodyParsers(api, parts);
  addHooks(api, parts);
  await addDescription(api, {
    title: 'mxflow',
    description: 'Send jobs in, outcomes out.',
    keyFormat: 'mxk_…',
  });
  addJobRoutes(api, parts);
  addMessageRoutes(api, parts);
  addWebhookRoutes(api, parts);
  addApiKeyRoutes(api, parts);
  addWhyRoutes(api, parts);
  addRestRoutes(api, parts);
  addRuleRoutes(api, parts);
  addRuleTrialRoutes(api, parts);
  addDomainRuleRoutes(api, parts);
  addSourceRoutes(api, parts);
  addLevelRoutes(api, parts);
  addSyncRoutes(api, parts);
  addSyncVersionRoutes(api, parts);
  addFeedbackRuleRoutes(api, parts);
  addFeedbackTrialRoutes(api, parts);
  addBounceRuleRoutes(api, parts);
  addBounceTrialRoutes(api, parts);
  addPolicyRoutes(api, parts);
  addUnmatchedRoutes(api, parts);
  addQuarantineRoutes(api, parts);
  addQuarantineBulkRoutes(api, parts);
  addQuarantineCsvRoutes(api, parts);
  addInboundRoutes(api, parts);
  addUnsubscribeRoutes(api, parts);
  serveDescription(api);
  await api.ready();
  return api;
}

function addHooks(api: Api, { database, events }: ApiParts): void {
  const lookup = rememberCallers({ shape: API_KEY_SHAPE, find: (sha256) => findCaller(database, sha256) });
  const audit = openAuditTrail<AuditEntry>({
    append: (entries) => appendAudit(database, entries),
    onLoss: events.auditFailed,
  });
  api.decorateRequest('caller', null);
  api.addHook('onRequest', (request) => authenticate(request, lookup));
  api.addHook('onResponse', async (request, { statusCode }) => {
    if (request.routeOptions.config.scope !== undefined) audit.add(auditEntry(request, statusCode));
  });
  api.addHook('onClose', () => audit[Symbol.asyncDispose]());
}

function auditEntry(request: FastifyRequest, statusCode: number): AuditEntry {
  const { caller, method, routeOptions, params } = request;
  const { id } = params as { readonly id?: string | number };
  return {
    ...(caller === null ? {} : { tenantId: caller.tenantId, apiKeyId: caller.apiKeyId }),
    action: `${method} ${routeOptions.url ?? ''}`,
    ...(id === undefined ? {} : { subject: String(id).replaceAll('\0', '').slice(0, 100) }),
    outcome: String(statusCode),
  };
}
