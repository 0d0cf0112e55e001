import { RuleOrder } from '@mxflow/contracts';
import { deleteLocalRule, enableRule, orderLocalRules, type Database, type RuleTable } from '@mxflow/db';
import { problemsOf } from '@mxflow/http-api';
import { Type, type TObject } from 'typebox';

import type { Api, ApiParts } from './api.ts';
import { RulePath, throwUnlessEdited } from './reading-edit.ts';

/** An ordered list in which rules of operators lie over those of a set. */
export type EditedRules = {
  /** Such as `/v1/bounce-rules`. */
  readonly path: string;
  readonly table: RuleTable;
  readonly tag: string;
  readonly scope: 'bounces:write' | 'rules:write';
  readonly view: TObject;
  /** One rule; throws not-found. */
  readonly viewOne: (database: Database, id: string) => Promise<Record<string, unknown>>;
};

/** Deleting, ordering and switching rules: the same for every such list. */
export function addRuleEditRoutes(
  api: Api,
  { database }: ApiParts,
  { path, table, tag, scope, view, viewOne }: EditedRules,
): void {
  const config = { scope };
  const tags = [tag];
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
