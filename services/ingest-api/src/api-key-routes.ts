import { ApiKeyCreated, ApiKeyList, ApiKeyPost } from '@mxflow/contracts';
import { isOfInstance, issueTenantKey, listApiKeys, revokeApiKey } from '@mxflow/db';
import { ProblemError, problemsOf } from '@mxflow/http-api';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';
import { callerOf } from './authenticate.ts';

const Id = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });
const SMALL_BODY_OCTETS = 65_536;
const common = { bodyLimit: SMALL_BODY_OCTETS, config: { scope: 'keys:write' } } as const;

export function addApiKeyRoutes(api: Api, { database }: ApiParts): void {
  api.route({
    ...common,
    method: 'POST',
    url: '/v1/keys',
    schema: {
      tags: ['keys'],
      summary: 'Make a key of the same tenant; it is shown once',
      body: ApiKeyPost,
      response: { 201: ApiKeyCreated, ...problemsOf(400, 401, 403, 422, 503) },
    },
    handler: async (request, reply) => {
      const { tenantId, scopes } = callerOf(request);
      const beyond = request.body.scopes.filter((scope) => isOfInstance(scope) && !scopes.includes(scope));
      if (beyond.length > 0) {
        throw new ProblemError('forbidden', { detail: `only an operator's key can give ${beyond.join(', ')}` });
      }
      return reply.code(201).send(await issueTenantKey(database, { tenantId, ...request.body }));
    },
  });
  api.route({
    ...common,
    method: 'GET',
    url: '/v1/keys',
    schema: {
      tags: ['keys'],
      summary: 'List the keys of the tenant',
      response: { 200: ApiKeyList, ...problemsOf(401, 403, 503) },
    },
    handler: async (request) => {
      const keys = await listApiKeys(database, callerOf(request).tenantId);
      return {
        keys: keys.map(({ createdAt, revokedAt, scopes, ...key }) => ({
          ...key,
          scopes: [...scopes],
          createdAt: createdAt.toISOString(),
          ...(revokedAt === null ? {} : { revokedAt: revokedAt.toISOString() }),
        })),
      };
    },
  });
  api.route({
    ...common,
    method: 'DELETE',
    url: '/v1/keys/:id',
    schema: {
      tags: ['keys'],
      summary: 'Revoke a key; it is believed for a few seconds more',
      params: Id,
      response: { 204: Type.Null(), ...problemsOf(401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const isRevoked = await revokeApiKey(database, callerOf(request).tenantId, request.params.id);
      if (!isRevoked) throw new ProblemError('not-found');
      return reply.code(204).send(null);
    },
  });
}
