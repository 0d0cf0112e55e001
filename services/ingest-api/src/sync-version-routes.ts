import { PinPut, RuleSetDiff, RuleSetDocument, RulesChange, StoredRuleSetList } from '@mxflow/contracts';
import {
  forgetVersions,
  listsFollowed,
  listVersions,
  pinVersion,
  readSyncState,
  unpinVersion,
  type Database,
} from '@mxflow/db';
import { ProblemError, problemsOf } from '@mxflow/http-api';
import { bundledRuleSet, compareRuleSets, rulesOf } from '@mxflow/rule-set';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';
import { changeTerms, documentOf, soundSetOf, toldChange } from './stored-rule-sets.ts';

const closed = { additionalProperties: false } as const;
const Version = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });
const DiffQuery = Type.Object(
  {
    from: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 2_147_483_647, description: '0: the rules that came with mxflow' }),
    ),
    to: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
  },
  closed,
);
const DryRunQuery = Type.Object({ dryRun: Type.Boolean({ default: false }) }, closed);
const tags = ['sync'];
const read = { config: { scope: 'rules:read' } } as const;
const write = { config: { scope: 'rules:write' } } as const;

/** Rule sets that were pulled: what is in them, and which of them is in force. */
export function addSyncVersionRoutes(api: Api, parts: ApiParts): void {
  addReads(api, parts);
  addPin(api, parts);
  addForget(api, parts);
}

function addReads(api: Api, { database }: ApiParts): void {
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/sync/versions',
    schema: {
      tags,
      summary: 'Rule sets that were pulled and are kept, the newest first',
      response: { 200: StoredRuleSetList, ...problemsOf(401, 403, 503) },
    },
    handler: async () => ({
      versions: (await listVersions(database)).map(({ fetchedAt, appliedAt, ...version }) => ({
        ...version,
        fetchedAt: fetchedAt.toISOString(),
        ...(appliedAt === null ? {} : { appliedAt: appliedAt.toISOString() }),
      })),
    }),
  });
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/sync/versions/:version',
    schema: {
      tags,
      summary: 'One rule set that was pulled, whole',
      params: Type.Object({ version: Version }),
      response: { 200: RuleSetDocument, ...problemsOf(401, 403, 404, 409, 503) },
    },
    handler: (request) => documentOf(database, request.params.version),
  });
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/sync/diff',
    schema: {
      tags,
      summary: 'What leads from one rule set to another: from the one in force to the newest where left out',
      querystring: DiffQuery,
      response: { 200: RuleSetDiff, ...problemsOf(401, 403, 404, 409, 422, 503) },
    },
    handler: async ({ query }) => {
      const { lists, newest } = await readSyncState(database);
      // Of a source that was forgotten there is nothing to compare with: 0, too.
      const from = query.from ?? lists.mx_rules ?? 0;
      const to = query.to ?? newest ?? 0;
      return compareRuleSets(await rulesOfVersion(database, from), await rulesOfVersion(database, to));
    },
  });
}

function addPin(api: Api, { database }: ApiParts): void {
  api.route({
    ...write,
    method: 'PUT',
    url: '/v1/sync/pin',
    schema: {
      tags,
      summary: 'Put a rule set that was pulled in force and keep it there: a rollback where no version is named',
      body: PinPut,
      response: { 200: RulesChange, ...problemsOf(400, 401, 403, 404, 409, 422, 503) },
    },
    handler: async ({ body: { version, dryRun = false } }) => {
      const wanted = version ?? (await versionBefore(database));
      const set = { version: wanted, rules: rulesOf(await documentOf(database, wanted)) };
      const change = await pinVersion(database, set, changeTerms(dryRun));
      return { version: wanted, ...toldChange(change, dryRun) };
    },
  });
  api.route({
    ...write,
    method: 'DELETE',
    url: '/v1/sync/pin',
    schema: {
      tags,
      summary: 'Follow the newest rule set again',
      querystring: DryRunQuery,
      response: { 200: RulesChange, ...problemsOf(401, 403, 409, 503) },
    },
    handler: async ({ query: { dryRun } }) => {
      const { newest } = await readSyncState(database);
      const change = await unpinVersion(database, await soundSetOf(database, newest), changeTerms(dryRun));
      return { ...(newest === null ? {} : { version: newest }), ...toldChange(change, dryRun) };
    },
  });
}

function addForget(api: Api, { database }: ApiParts): void {
  api.route({
    ...write,
    method: 'DELETE',
    url: '/v1/sync/versions',
    schema: {
      tags,
      summary:
        'Forget what was pulled: the next rule set is taken whatever its number, and what holds stays until then',
      response: { 204: Type.Null(), ...problemsOf(401, 403, 503) },
    },
    handler: async (_request, reply) => {
      await forgetVersions(database);
      return reply.code(204).send(null);
    },
  });
}

async function rulesOfVersion(database: Database, version: number): Promise<Parameters<typeof compareRuleSets>[0]> {
  return version === 0 ? bundledRuleSet() : await documentOf(database, version);
}

/** The latest that was in force before the one that is: who rolls back twice goes back twice, never forward again. */
async function versionBefore(database: Database): Promise<number> {
  const { lists, level, bounceRulesInCustom } = await readSyncState(database);
  const [list = 'mx_rules'] = listsFollowed(level, bounceRulesInCustom);
  const inForce = lists[list] ?? 0;
  const before = (await listVersions(database)).find(
    ({ version, appliedAt }) => appliedAt !== null && version < inForce,
  );
  if (before !== undefined) return before.version;
  throw new ProblemError('wrong-state', { detail: 'no earlier rule set was in force here' });
}
