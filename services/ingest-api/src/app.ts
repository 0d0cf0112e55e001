import Fastify, { type FastifyRequest } from 'fastify';
import type { TSchema } from 'typebox';
import { Convert, Default } from 'typebox/value';

import type { Database } from '@mxflow/db';
import type { Logger, Meter } from '@mxflow/telemetry';

import { createAdmission } from './admission.ts';
import { drainBeforeAnswer, sendProblem, toProblem } from './answer-problem.ts';
import { addDescription, serveDescription } from './api-description.ts';
import { addApiKeyRoutes } from './api-key-routes.ts';
import type { Api, ApiParts, SchemaProvider } from './api.ts';
import { openAuditTrail, type AuditTrail } from './audit-trail.ts';
import { authenticate } from './authenticate.ts';
import { addBodyParsers } from './body-parsers.ts';
import { addBounceRuleRoutes } from './bounce-rule-routes.ts';
import { addBounceTrialRoutes } from './bounce-trial-routes.ts';
import { createCallerLookup } from './caller-lookup.ts';
import { createEvents } from './events.ts';
import { addJobRoutes } from './job-routes.ts';
import { addInboundRoutes } from './inbound-routes.ts';
import { addMessageRoutes } from './message-routes.ts';
import { addFeedbackRuleRoutes } from './feedback-rule-routes.ts';
import { addFeedbackTrialRoutes } from './feedback-trial-routes.ts';
import { ProblemError } from './problem.ts';
import { addPolicyRoutes } from './policy-routes.ts';
import { addUnmatchedRoutes } from './unmatched-routes.ts';
import { createMxLookup } from './mx-lookup.ts';
import { traceRequest } from './request-trace.ts';
import { compileSchema } from './schema-faults.ts';
import { addWebhookRoutes } from './webhook-routes.ts';
import { addQuarantineBulkRoutes } from './quarantine-bulk-routes.ts';
import { addQuarantineCsvRoutes } from './quarantine-csv-routes.ts';
import { addQuarantineRoutes } from './quarantine-routes.ts';
import { addRestRoutes } from './rest-routes.ts';
import { addRuleRoutes } from './rule-routes.ts';
import { addRuleTrialRoutes } from './rule-trial-routes.ts';
import { addSourceRoutes } from './source-routes.ts';
import { addUnsubscribeRoutes } from './unsubscribe-routes.ts';
import { addWhyRoutes } from './why-routes.ts';

export type AppOptions = Omit<ApiParts, 'events' | 'admission' | 'resolveMx'> & {
  /** The machine's own name servers where left out. */
  readonly resolveMx?: ApiParts['resolveMx'];
  readonly database: Database;
  readonly logger: Logger;
  readonly meter: Meter;
};

const HEADERS_TIMEOUT_MS = 10_000;
/** How often the server looks for connections whose headers are late. */
const TIMEOUT_CHECK_MS = 2_000;
const KEEP_ALIVE_MS = 72_000;

/** The API with all its routes, not yet listening. Closing it lets requests in progress end and writes the audit log. */
export async function buildApp(options: AppOptions): Promise<Api> {
  const { logger, meter, ...rest } = options;
  const events = createEvents(logger, meter);
  const { streams, heldOctets: bodyOctets } = options.limits;
  const resolveMx = options.resolveMx ?? createMxLookup([]);
  const parts: ApiParts = { ...rest, resolveMx, events, admission: createAdmission({ streams, bodyOctets }) };
  const api: Api = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    frameworkErrors: (error, _request, reply) => {
      sendProblem(toProblem(error, undefined, events), reply);
    },
  }).withTypeProvider<SchemaProvider>();

  api.setValidatorCompiler<TSchema>(({ schema, httpPart }) => compileValidator(schema, httpPart));
  api.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  api.setErrorHandler((error, request, reply) =>
    sendProblem(toProblem(error, request.routeOptions.url, events), reply),
  );
  api.setNotFoundHandler((_request, reply) => sendProblem(new ProblemError('not-found'), reply));
  addBodyParsers(api, parts);
  addHooks(api, parts, openAuditTrail(parts.database, events.auditFailed));
  await addDescription(api);
  addJobRoutes(api, parts);
  addMessageRoutes(api, parts);
  addWebhookRoutes(api, parts);
  addApiKeyRoutes(api, parts);
  addWhyRoutes(api, parts);
  addRestRoutes(api, parts);
  addRuleRoutes(api, parts);
  addRuleTrialRoutes(api, parts);
  addSourceRoutes(api, parts);
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

type Validation = true | { readonly value: unknown } | { readonly error: ProblemError };

/** Queries and paths come as text, bodies as they are; a value that does not fit is 422 with its pointer. */
function compileValidator(schema: TSchema, httpPart: string | undefined): (value: unknown) => Validation {
  if (httpPart === 'headers') return () => true;
  const findFaults = compileSchema(schema);
  return (posted) => {
    const value = httpPart === 'body' ? posted : Convert(schema, Default(schema, posted));
    const faults = findFaults(value);
    if (faults.length === 0) return { value };
    // A path that cannot name anything names nothing.
    return { error: httpPart === 'params' ? new ProblemError('not-found') : new ProblemError('invalid', { faults }) };
  };
}

function addHooks(api: Api, { database, events }: ApiParts, audit: AuditTrail): void {
  const lookup = createCallerLookup(database);
  api.decorateRequest('caller', null);
  api.addHook('onRequest', (request, reply, done) => traceRequest(request, reply, done));
  api.addHook('onRequest', (request) => authenticate(request, lookup));
  api.addHook('onSend', async (request, reply) => {
    void reply.header('x-content-type-options', 'nosniff');
    await drainBeforeAnswer(request, reply);
  });
  api.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    const { statusCode, elapsedTime: durationMs } = reply;
    events.requestAnswered({ method, route: routeOptions.url, statusCode, durationMs });
    if (routeOptions.config.scope !== undefined) audit.add(auditEntry(request, statusCode));
  });
  api.addHook('onClose', () => audit[Symbol.asyncDispose]());
}

function auditEntry(request: FastifyRequest, statusCode: number): Parameters<AuditTrail['add']>[0] {
  const { caller, method, routeOptions, params } = request;
  const { id } = params as { readonly id?: string | number };
  return {
    ...(caller === null ? {} : { tenantId: caller.tenantId, apiKeyId: caller.apiKeyId }),
    action: `${method} ${routeOptions.url ?? ''}`,
    ...(id === undefined ? {} : { subject: String(id).replaceAll('\0', '').slice(0, 100) }),
    outcome: String(statusCode),
  };
}
