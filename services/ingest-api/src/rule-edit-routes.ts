import { RuleOrder } from '@mxflow/contracts';
import {
  deleteLocalRule,
  enableRule,
  orderLocalRules,
  type Database,
  type ReadingEdit,
  type RuleTable,
} from '@mxflow/db';
import { problemsOf } from '@mxflow/http-api';
import { Type, type Static, type TObject } from 'typebox';

import type { Api, ApiParts } from './api.ts';
import { PlaceQuery, RulePath, throwUnlessEdited } from './reading-edit.ts';

/** An ordered list in which rules of operators lie over those of a set. */
export type EditedRules<Body extends TObject = TObject> = {
  /** Such as `/v1/bounce-rules`. */
  readonly path: string;
  readonly table: RuleTable;
  /** What one of them is called: `bounce rule`. */
  readonly name: string;
  readonly scopes: 'bounces' | 'rules';
  /** What their order means. */
  readonly order: string;
  /** Who follows a change. */
  readonly followers: string;
  readonly view: TObject;
  readonly list: TObject;
  readonly listAll: (database: Database) => Promise<Record<string, unknown>>;
  readonly body: Body;
  /** Writes a rule, once it is checked; throws invalid. */
  readonly put: (
    database: Database,
    rule: { readonly id: string; readonly body: Static<Body>; readonly before: string | undefined },
  ) => Promise<ReadingEdit>;
  /** One rule; throws not-found. */
  readonly viewOne: (database: Database, id: string) => Promise<Record<string, unknown>>;
};

/** Reading, writing, deleting, ordering and switching rules: the same for every such list. */
export function addRuleRoutes<Body extends TObject>(api: Api, parts: ApiParts, rules: EditedRules<Body>): void {
  addReads(api, parts, rules);
  addPut(api, parts, rules);
  addEdits(api, parts, rules);
}

type Read = Pick<EditedRules, 'path' | 'name' | 'scopes' | 'order' | 'list' | 'listAll' | 'view' | 'viewOne'>;

function addReads(api: Api, { database }: ApiParts, rules: Read): void {
  const { path, name, scopes, order, list, listAll, view, viewOne } = rules;
  const config = { scope: `${scopes}:read` } as const;
  const tags = [`${name}s`];
  api.route({
    config,
    method: 'GET',
    url: path,
    schema: {
      tags,
      summary: `${capital(name)}s in their order: ${order}`,
      response: { 200: list, ...problemsOf(401, 403, 503) },
    },
    handler: () => listAll(database),
  });
  api.route({
    config,
    method: 'GET',
    url: `${path}/:id`,
    schema: {
      tags,
      summary: `One ${name}`,
      params: RulePath,
      response: { 200: view, ...problemsOf(401, 403, 404, 503) },
    },
    handler: (request) => viewOne(database, request.params.id),
  });
}

function addPut<Body extends TObject>(api: Api, { database }: ApiParts, rules: EditedRules<Body>): void {
  const { path, name, scopes, followers, body: schema, put, view, viewOne } = rules;
  api.route({
    config: { scope: `${scopes}:write` },
    method: 'PUT',
    url: `${path}/:id`,
    schema: {
      tags: [`${name}s`],
      summary: `Add a ${name}, or put a version of your own in its place; every ${followers} follows within seconds`,
      params: RulePath,
      querystring: PlaceQuery,
      body: schema,
      response: { 200: view, ...problemsOf(400, 401, 403, 404, 409, 422, 503) },
    },
    handler: async ({ params: { id }, query: { before }, body }) => {
      // The schema has checked it; what that makes of a type parameter, the compiler cannot tell.
      throwUnlessEdited(await put(database, { id, body: body as Static<Body>, before }));
      return await viewOne(database, id);
    },
  });
}

type Edits = Pick<EditedRules, 'path' | 'table' | 'name' | 'scopes' | 'view' | 'viewOne'>;

function addEdits(api: Api, { database }: ApiParts, rules: Edits): void {
  const { path, table, name, scopes, view, viewOne } = rules;
  const config = { scope: `${scopes}:write` } as const;
  const tags = [`${name}s`];
  api.route({
    config,
    method: 'DELETE',
    url: `${path}/:id`,
    schema: {
      tags,
      summary: 'Delete a rule of your own; one of the set that it lay over holds again',
      params: RulePath,
      response: { 204: Type.Null(), ...problemsOf(401, 403, 404, 409, 503) },
    },
    handler: async (request, reply) => {
      throwUnlessEdited(await deleteLocalRule(database, table, request.params.id));
      return reply.code(204).send(null);
    },
  });
  api.route({
    config,
    method: 'PUT',
    url: `${path}/order`,
    schema: {
      tags,
      summary: "Put the rules that stand before the set's into another order",
      body: RuleOrder,
      response: { 204: Type.Null(), ...problemsOf(400, 401, 403, 409, 422, 503) },
    },
    handler: async (request, reply) => {
      throwUnlessEdited(await orderLocalRules(database, table, request.body.ids));
      return reply.code(204).send(null);
    },
  });
  for (const verb of ['enable', 'disable'] as const) {
    api.route({
      config,
      method: 'POST',
      url: `${path}/:id/${verb}`,
      schema: {
        tags,
        summary: verb === 'enable' ? 'Switch a rule on' : 'Switch a rule off; it stays off whatever set comes',
        params: RulePath,
        response: { 200: view, ...problemsOf(401, 403, 404, 503) },
      },
      handler: async ({ params: { id } }) => {
        await viewOne(database, id);
        throwUnlessEdited(await enableRule(database, table, { id, enabled: verb === 'enable' }));
        return await viewOne(database, id);
      },
    });
  }
}

function capital(name: string): string {
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}
