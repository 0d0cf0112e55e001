import { randomBytes } from 'node:crypto';

import { WebhookChange, WebhookCreated, WebhookList, WebhookPost, WebhookView } from '@mxflow/contracts';
import {
  changeWebhookEndpoint,
  createWebhookEndpoint,
  deleteWebhookEndpoint,
  findWebhookEndpoint,
  listWebhookEndpoints,
  type WebhookEndpointOverview,
} from '@mxflow/db';
import { ProblemError, problemsOf } from '@mxflow/http-api';
import { seal } from '@mxflow/process';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';
import { callerOf } from './authenticate.ts';
import { refuseWebhookUrl } from './webhook-url.ts';

const Id = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });
const SMALL_BODY_OCTETS = 65_536;
const common = { bodyLimit: SMALL_BODY_OCTETS, config: { scope: 'webhooks:write' } } as const;

export function addWebhookRoutes(api: Api, parts: ApiParts): void {
  addCreate(api, parts);
  addReads(api, parts);
  addChanges(api, parts);
}

function addCreate(api: Api, { database, secret, privateWebhooks }: ApiParts): void {
  api.route({
    ...common,
    method: 'POST',
    url: '/v1/webhooks',
    schema: {
      tags: ['webhooks'],
      summary: 'Register an endpoint; its secret is shown once',
      body: WebhookPost,
      response: { 201: WebhookCreated, ...problemsOf(400, 401, 403, 422, 503) },
    },
    handler: async (request, reply) => {
      const { url, events } = request.body;
      const fault = refuseWebhookUrl(url, privateWebhooks);
      if (fault !== undefined) throw new ProblemError('invalid', { faults: [fault] });
      const signingSecret = `whsec_${randomBytes(32).toString('base64url')}`;
      const endpoint = await createWebhookEndpoint(database, {
        tenantId: callerOf(request).tenantId,
        url: new URL(url).href,
        events,
        secret: seal(signingSecret, secret, 'webhook-secret'),
      });
      return reply
        .code(201)
        .header('location', `/v1/webhooks/${endpoint.id}`)
        .send({ ...viewWebhook(endpoint), secret: signingSecret });
    },
  });
}

function addReads(api: Api, { database }: ApiParts): void {
  api.route({
    ...common,
    method: 'GET',
    url: '/v1/webhooks',
    schema: {
      tags: ['webhooks'],
      summary: 'List endpoints',
      response: { 200: WebhookList, ...problemsOf(401, 403, 503) },
    },
    handler: async (request) => {
      const endpoints = await listWebhookEndpoints(database, callerOf(request).tenantId);
      return { webhooks: endpoints.map(viewWebhook) };
    },
  });
  api.route({
    ...common,
    method: 'GET',
    url: '/v1/webhooks/:id',
    schema: {
      tags: ['webhooks'],
      summary: 'One endpoint',
      params: Id,
      response: { 200: WebhookView, ...problemsOf(401, 403, 404, 503) },
    },
    handler: async (request) =>
      viewFound(await findWebhookEndpoint(database, callerOf(request).tenantId, request.params.id)),
  });
}

function addChanges(api: Api, { database }: ApiParts): void {
  api.route({
    ...common,
    method: 'PATCH',
    url: '/v1/webhooks/:id',
    schema: {
      tags: ['webhooks'],
      summary: 'Change what an endpoint is told, or stop and resume telling it',
      params: Id,
      body: WebhookChange,
      response: { 200: WebhookView, ...problemsOf(400, 401, 403, 404, 422, 503) },
    },
    handler: async (request) => {
      const { tenantId } = callerOf(request);
      return viewFound(await changeWebhookEndpoint(database, { tenantId, id: request.params.id }, request.body));
    },
  });
  api.route({
    ...common,
    method: 'DELETE',
    url: '/v1/webhooks/:id',
    schema: {
      tags: ['webhooks'],
      summary: 'Delete an endpoint with what it was still to be told',
      params: Id,
      response: { 204: Type.Null(), ...problemsOf(401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const isDeleted = await deleteWebhookEndpoint(database, callerOf(request).tenantId, request.params.id);
      if (!isDeleted) throw new ProblemError('not-found');
      return reply.code(204).send(null);
    },
  });
}

function viewFound(endpoint: WebhookEndpointOverview | undefined): WebhookView {
  if (endpoint === undefined) throw new ProblemError('not-found');
  return viewWebhook(endpoint);
}

function viewWebhook({ id, url, events, createdAt, disabledAt, failures }: WebhookEndpointOverview): WebhookView {
  return { id, url, events: [...events], enabled: disabledAt === null, createdAt: createdAt.toISOString(), failures };
}
