import { HubDraftRevision, RuleSetContent } from '@mxflow/contracts';
import { editHubDraft } from '@mxflow/db';
import { ProblemError, problemsOf } from '@mxflow/http-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type, type TSchema } from 'typebox';

import { callerOf } from './authenticate.ts';
import { DRAFT_LISTS, editDraft, nameOf, type DraftEdit, type DraftField, type DraftRule } from './draft-edit.ts';
import type { HubParts } from './hub-api.ts';
import { otherRevision, seenRevision, showRevision } from './revision.ts';

const RulePath = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) });
const PlaceQuery = Type.Object(
  { before: Type.Optional(Type.String({ description: 'Before this rule; a new one comes first else' })) },
  { additionalProperties: false },
);
const Order = Type.Object(
  { ids: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 5000, description: 'Every id of the list once' }) },
  { additionalProperties: false },
);
const MAX_RULE_OCTETS = 1_000_000;
const editor = { config: { role: 'editor' }, bodyLimit: MAX_RULE_OCTETS } as const;
const problems = problemsOf(400, 401, 403, 404, 409, 412, 413, 422, 503);

/** The draft rule by rule. */
export function addDraftRuleRoutes(parts: HubParts): void {
  for (const { path, field } of DRAFT_LISTS) {
    addPut(parts, path, field);
    addDelete(parts, path, field);
    if (field !== 'policies') addOrder(parts, path, field);
  }
}

function addPut(parts: HubParts, path: string, field: DraftField): void {
  const rule: TSchema = RuleSetContent.properties[field].items;
  parts.api.route({
    ...editor,
    method: 'PUT',
    url: `/v1/draft/${path}/:id`,
    schema: {
      tags: ['draft'],
      summary: `Put one of the ${path} into the draft`,
      params: RulePath,
      querystring: PlaceQuery,
      body: rule,
      response: { 200: HubDraftRevision, ...problems },
    },
    handler: async (request, reply) => {
      const { id } = request.params;
      const body = request.body as DraftRule;
      if (nameOf(body) !== id) {
        const pointer = field === 'policies' ? '/reason' : '/id';
        throw new ProblemError('invalid', {
          faults: [{ pointer, expected: `${id}, as in the path`, found: String(nameOf(body)) }],
        });
      }
      return await edit(parts, { request, reply, field }, { kind: 'put', rule: body, before: request.query.before });
    },
  });
}

function addDelete(parts: HubParts, path: string, field: DraftField): void {
  parts.api.route({
    ...editor,
    method: 'DELETE',
    url: `/v1/draft/${path}/:id`,
    schema: {
      tags: ['draft'],
      summary: `Take one of the ${path} out of the draft`,
      params: RulePath,
      response: { 200: HubDraftRevision, ...problems },
    },
    handler: async (request, reply) =>
      await edit(parts, { request, reply, field }, { kind: 'delete', id: request.params.id }),
  });
}

function addOrder(parts: HubParts, path: string, field: DraftField): void {
  parts.api.route({
    ...editor,
    method: 'PUT',
    url: `/v1/draft/${path}/order`,
    schema: {
      tags: ['draft'],
      summary: `Put the ${path} of the draft into another order`,
      body: Order,
      response: { 200: HubDraftRevision, ...problems },
    },
    handler: async (request, reply) =>
      await edit(parts, { request, reply, field }, { kind: 'order', ids: request.body.ids }),
  });
}

type Place = { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly field: DraftField };

async function edit(
  { database }: HubParts,
  { request, reply, field }: Place,
  change: DraftEdit,
): Promise<HubDraftRevision> {
  const edited = await editHubDraft<'unknown' | 'other-list'>(database, {
    revision: seenRevision(request),
    by: callerOf(request).name,
    change: (content) => {
      const draft = editDraft(JSON.parse(content) as RuleSetContent, field, change);
      return draft.kind === 'edited'
        ? { kind: 'content', content: JSON.stringify(draft.content) }
        : { kind: 'refused', refusal: draft.kind };
    },
  });
  switch (edited.kind) {
    case 'edited':
      showRevision(reply, edited.revision);
      return { revision: edited.revision };
    case 'other-revision':
      throw otherRevision(edited.revision);
    case 'refused':
      throw edited.refusal === 'unknown'
        ? new ProblemError('not-found', {
            detail: 'the draft has no rule of this id, or of the one that `before` names',
          })
        : new ProblemError('wrong-state', { detail: 'an order names every rule of the list once, and no other' });
  }
}
