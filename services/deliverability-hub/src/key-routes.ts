import { HubKeyCreated, HubKeyList, HubKeyPost } from '@mxflow/contracts';
import { issueHubKey, listHubKeys, revokeHubKey } from '@mxflow/db';
import { ProblemError, problemsOf } from '@mxflow/http-api';
import { Type } from 'typebox';

import type { HubParts } from './hub-api.ts';

const KeyPath = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });
const tags = ['keys'];
const editor = { config: { role: 'editor' }, bodyLimit: 65_536 } as const;

/** Keys of clients and editors. */
export function addKeyRoutes(parts: HubParts): void {
  addList(parts);
  addChanges(parts);
}

function addList({ api, database }: HubParts): void {
  api.route({
    ...editor,
    method: 'GET',
    url: '/v1/keys',
    schema: {
      tags,
      summary: 'Who may come, when each last came, and which version it has',
      response: { 200: HubKeyList, ...problemsOf(401, 403, 503) },
    },
    handler: async () => {
      const keys = await listHubKeys(database);
      return {
        keys: keys.map(({ createdAt, revokedAt, lastPullAt, lastVersion, ...key }) => ({
          ...key,
          createdAt: createdAt.toISOString(),
          ...(revokedAt === null ? {} : { revokedAt: revokedAt.toISOString() }),
          ...(lastPullAt === null ? {} : { lastPullAt: lastPullAt.toISOString() }),
          ...(lastVersion === null ? {} : { lastVersion }),
        })),
      };
    },
  });
}

function addChanges({ api, database, events }: HubParts): void {
  api.route({
    ...editor,
    method: 'POST',
    url: '/v1/keys',
    schema: {
      tags,
      summary: 'Make a key; it is shown once',
      body: HubKeyPost,
      response: { 201: HubKeyCreated, ...problemsOf(400, 401, 403, 409, 422, 503) },
    },
    handler: async ({ body: { name, role, replace = false } }, reply) => {
      const issued = await issueHubKey(database, { name, role, replace });
      if (issued === undefined) {
        throw new ProblemError('wrong-state', {
          detail: `a key in force has the name ${name}: replace it, or revoke it`,
        });
      }
      events.keyIssued({ id: issued.id, name, role });
      return reply.code(201).send(issued);
    },
  });
  api.route({
    ...editor,
    method: 'DELETE',
    url: '/v1/keys/:id',
    schema: {
      tags,
      summary: 'Revoke a key; it is believed for a few seconds more',
      params: KeyPath,
      response: { 204: Type.Null(), ...problemsOf(401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      if (!(await revokeHubKey(database, request.params.id))) {
        throw new ProblemError('not-found', { detail: 'no key in force has this id' });
      }
      events.keyRevoked(request.params.id);
      return reply.code(204).send(null);
    },
  });
}
