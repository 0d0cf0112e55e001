import { SyncRunList, SyncRunPost, SyncRunView, SyncSettings, SyncStatus } from '@mxflow/contracts';
import {
  askForSync,
  listSyncRuns,
  readSyncRun,
  readSyncState,
  setBounceRulesInCustom,
  type Database,
} from '@mxflow/db';
import { decodeCursor, encodeCursor, ProblemError, problemsOf } from '@mxflow/http-api';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';
import { viewRun, viewStatus } from './sync-view.ts';

const PageQuery = Type.Object(
  {
    cursor: Type.Optional(Type.String({ maxLength: 100 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 20 })),
  },
  { additionalProperties: false },
);
const RunPath = Type.Object({ id: Type.Integer({ minimum: 1 }) });
const tags = ['sync'];
const read = { config: { scope: 'rules:read' } } as const;
const write = { config: { scope: 'rules:write' } } as const;

/** How this instance follows the rule sets of a deliverability instance. */
export function addSyncRoutes(api: Api, parts: ApiParts): void {
  addStatus(api, parts);
  addRuns(api, parts);
}

function addStatus(api: Api, { database }: ApiParts): void {
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/sync',
    schema: {
      tags,
      summary: 'Which rule set is in force, whether it is followed, and how the last try ended',
      response: { 200: SyncStatus, ...problemsOf(401, 403, 503) },
    },
    handler: async () => viewStatus(await readSyncState(database)),
  });
  api.route({
    ...write,
    method: 'PATCH',
    url: '/v1/sync/settings',
    schema: {
      tags,
      summary: 'Say whether bounce rules and policies are still pulled at Custom',
      body: SyncSettings,
      response: { 200: SyncSettings, ...problemsOf(400, 401, 403, 422, 503) },
    },
    handler: async ({ body }) => {
      await setBounceRulesInCustom(database, body.bounceRulesInCustom);
      if (body.bounceRulesInCustom) await askForSync(database, { dryRun: false });
      return body;
    },
  });
}

function addRuns(api: Api, { database }: ApiParts): void {
  api.route({
    ...write,
    method: 'POST',
    url: '/v1/sync/runs',
    schema: {
      tags,
      summary: 'Ask for a sync now; it begins within seconds',
      body: SyncRunPost,
      response: { 202: SyncRunView, ...problemsOf(400, 401, 403, 422, 503) },
    },
    handler: async ({ body: { dryRun = false } }, reply) =>
      reply.code(202).send(await viewOne(database, await askForSync(database, { dryRun }))),
  });
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/sync/runs',
    schema: {
      tags,
      summary: 'Syncs and rollbacks, the latest first',
      querystring: PageQuery,
      response: { 200: SyncRunList, ...problemsOf(401, 403, 422, 503) },
    },
    handler: async ({ query: { cursor, limit = 20 } }) => {
      const before = decodeCursor(cursor);
      const runs = await listSyncRuns(database, { limit, before: before === undefined ? undefined : Number(before) });
      const last = runs.at(-1);
      return {
        runs: runs.map(viewRun),
        ...(last === undefined || runs.length < limit ? {} : { next: encodeCursor(String(last.id)) }),
      };
    },
  });
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/sync/runs/:id',
    schema: {
      tags,
      summary: 'One sync, with what it changed',
      params: RunPath,
      response: { 200: SyncRunView, ...problemsOf(401, 403, 404, 503) },
    },
    handler: (request) => viewOne(database, request.params.id),
  });
}

async function viewOne(database: Database, id: number): Promise<SyncRunView> {
  const run = await readSyncRun(database, id);
  if (run === undefined) throw new ProblemError('not-found');
  return viewRun(run);
}
