import {
  appendHubAudit,
  findHubCaller,
  recordHubPulls,
  type Database,
  type HubAuditEntry,
  type HubPull,
} from '@mxflow/db';
import {
  addDescription,
  findUnsafe,
  openAuditTrail,
  openHttpApi,
  ProblemError,
  rememberCallers,
  serveDescription,
  type HttpApi,
  type Pace,
} from '@mxflow/http-api';
import { HUB_KEY_SHAPE, type SigningKey } from '@mxflow/rule-set';
import type { FastifyRequest } from 'fastify';

import { authenticate } from './authenticate.ts';
import type { HubEvents } from './events.ts';
import type { HubParts } from './hub-api.ts';
import { createChecker } from './checker.ts';
import { addDraftRoutes } from './draft-routes.ts';
import { addDraftRuleRoutes } from './draft-rule-routes.ts';
import { addKeyRoutes } from './key-routes.ts';
import { addOpenRoutes } from './open-routes.ts';
import { addRuleSetRoutes } from './rule-set-routes.ts';
import type { Shelf } from './shelf.ts';
import { addUnmatchedRoutes } from './unmatched-routes.ts';
import { addVersionRoutes } from './version-routes.ts';

export type AppOptions = {
  readonly database: Database;
  readonly shelf: Shelf;
  readonly keys: readonly SigningKey[];
  readonly events: HubEvents;
  readonly pace: Pace;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
};

/** A key that was revoked is refused within five seconds. */
const FRESH_MS = 3_000;

/** The hub's API with all its routes, not yet listening. Closing it lets requests in progress end. */
export async function buildApp({ pace, tls, ...options }: AppOptions): Promise<HttpApi> {
  const { database, events } = options;
  const api = openHttpApi({ events, pace, tls });
  const pulls = openAuditTrail<HubPull>({
    append: (batch) => recordHubPulls(database, batch),
    onLoss: events.pullsNotRecorded,
  });
  const parts: HubParts = { ...options, api, pulls, checker: createChecker({ events }) };
  addHooks(parts);
  api.addHook('onClose', () => pulls[Symbol.asyncDispose]());
  await addDescription(api, {
    title: 'mxflow deliverability hub',
    description: 'Rule sets for clients to pull; drafts, versions and keys for editors.',
    keyFormat: 'mxh_…',
  });
  addOpenRoutes(parts);
  addRuleSetRoutes(parts);
  addDraftRoutes(parts);
  addDraftRuleRoutes(parts);
  addVersionRoutes(parts);
  addKeyRoutes(parts);
  addUnmatchedRoutes(parts);
  serveDescription(api);
  await api.ready();
  return api;
}

function addHooks({ api, database, events }: HubParts): void {
  const lookup = rememberCallers({
    shape: HUB_KEY_SHAPE,
    freshMs: FRESH_MS,
    find: (sha256) => findHubCaller(database, sha256),
  });
  const audit = openAuditTrail<HubAuditEntry>({
    append: (entries) => appendHubAudit(database, entries),
    onLoss: events.auditFailed,
  });
  api.decorateRequest('hubCaller', null);
  api.addHook('onRequest', (request) => authenticate(request, lookup, events));
  // Nothing may come into a rule set that a client could not store.
  api.addHook('preValidation', async ({ body }) => {
    const fault = findUnsafe(body);
    if (fault !== undefined) throw new ProblemError('invalid', { faults: [fault] });
  });
  api.addHook('onResponse', async (request, { statusCode }) => {
    if (isAudited(request, statusCode)) audit.add(auditEntry(request, statusCode));
  });
  api.addHook('onClose', () => audit[Symbol.asyncDispose]());
}

/** What editors do, and whoever was turned away; that clients come is recorded with their keys. */
function isAudited({ routeOptions: { config } }: FastifyRequest, statusCode: number): boolean {
  return config.role === 'editor' || (config.role === 'client' && (statusCode === 401 || statusCode === 403));
}

function auditEntry(request: FastifyRequest, statusCode: number): HubAuditEntry {
  const { hubCaller, method, routeOptions, params } = request;
  const { id, version } = params as { readonly id?: string | number; readonly version?: string | number };
  const subject = id ?? version;
  return {
    ...(hubCaller === null ? {} : { keyName: hubCaller.name }),
    action: `${method} ${routeOptions.url ?? ''}`,
    ...(subject === undefined ? {} : { subject: String(subject).replaceAll('\0', '').slice(0, 100) }),
    outcome: String(statusCode),
  };
}
