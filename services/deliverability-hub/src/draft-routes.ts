import { HubDraftCheck, HubDraftDiff, HubDraftRevision, HubDraftView, RuleSetContent } from '@mxflow/contracts';
import { editHubDraft, readHubDraft, resetHubDraft, type Database } from '@mxflow/db';
import { ProblemError, problemsOf } from '@mxflow/http-api';
import { bundledRuleSet } from '@mxflow/rule-set';
import { Type } from 'typebox';

import { callerOf } from './authenticate.ts';
import { MAX_CONTENT_OCTETS } from './checker.ts';
import { contentOf } from './document.ts';
import type { HubParts } from './hub-api.ts';
import { compareToNewest } from './publish.ts';
import { otherRevision, seenRevision, showRevision } from './revision.ts';

/** In the place of a version: the rules that this version of mxflow brings. */
const COMES_WITH_MXFLOW = 0;
const WhichVersion = Type.Object(
  { version: Type.Optional(Type.Integer({ minimum: COMES_WITH_MXFLOW, maximum: 2_147_483_647 })) },
  { additionalProperties: false },
);
const tags = ['draft'];
const editor = { config: { role: 'editor' } } as const;

/** The draft as a whole. */
export function addDraftRoutes(parts: HubParts): void {
  addReads(parts);
  addWrites(parts);
}

function addReads({ api, database, checker }: HubParts): void {
  api.route({
    ...editor,
    method: 'GET',
    url: '/v1/draft',
    schema: {
      tags,
      summary: 'The rule set that is worked on; its ETag is its revision',
      response: { 200: HubDraftView, ...problemsOf(401, 403, 503) },
    },
    handler: async (_request, reply) => {
      const { content, changedAt, ...draft } = await readHubDraft(database.client);
      showRevision(reply, draft.revision);
      return { ...draft, changedAt: changedAt.toISOString(), content: JSON.parse(content) as RuleSetContent };
    },
  });
  api.route({
    ...editor,
    method: 'GET',
    url: '/v1/draft/diff',
    schema: {
      tags,
      summary: 'What publishing it would change',
      response: { 200: HubDraftDiff, ...problemsOf(401, 403, 503) },
    },
    handler: async () => {
      const draft = await readHubDraft(database.client);
      return { revision: draft.revision, ...(await compareToNewest(database, draft)) };
    },
  });
  api.route({
    ...editor,
    method: 'POST',
    url: '/v1/draft/validate',
    schema: {
      tags,
      summary: 'What is wrong with it: schema, order of rules, every pattern, every example',
      response: { 200: HubDraftCheck, ...problemsOf(401, 403, 429, 503) },
    },
    handler: async () => {
      const { revision, content } = await readHubDraft(database.client);
      return { revision, faults: [...(await checker.check(content))] };
    },
  });
}

function addWrites({ api, database }: HubParts): void {
  api.route({
    ...editor,
    method: 'PUT',
    url: '/v1/draft',
    bodyLimit: MAX_CONTENT_OCTETS,
    schema: {
      tags,
      summary: 'Put another content in its place; If-Match names the revision that it was made of',
      body: RuleSetContent,
      response: { 200: HubDraftRevision, ...problemsOf(400, 401, 403, 412, 413, 422, 428, 503) },
    },
    handler: async (request, reply) => {
      if (request.headers['if-match'] === undefined) throw new ProblemError('precondition-required');
      const revision = await putContent(database, {
        content: JSON.stringify(request.body),
        revision: seenRevision(request),
        by: callerOf(request).name,
      });
      showRevision(reply, revision);
      return { revision };
    },
  });
  api.route({
    ...editor,
    method: 'DELETE',
    url: '/v1/draft',
    schema: {
      tags,
      summary: 'Drop all work on it: it is the newest version again, or the one named; 0 is what comes with mxflow',
      querystring: WhichVersion,
      response: { 200: HubDraftRevision, ...problemsOf(401, 403, 404, 422, 503) },
    },
    handler: async (request, reply) => {
      const { version } = request.query;
      const by = callerOf(request).name;
      const revision =
        version === COMES_WITH_MXFLOW
          ? await putContent(database, { content: JSON.stringify(bundledRuleSet()), revision: undefined, by })
          : await resetHubDraft(database, {
              by,
              version,
              contentOf: (document) => JSON.stringify(contentOf(document)),
            });
      if (revision === undefined) throw new ProblemError('not-found', { detail: 'there is no such version' });
      showRevision(reply, revision);
      return { revision };
    },
  });
}

type WholeContent = { readonly content: string; readonly revision: number | undefined; readonly by: string };

async function putContent(database: Database, { content, revision, by }: WholeContent): Promise<number> {
  const edit = await editHubDraft<never>(database, { revision, by, change: () => ({ kind: 'content', content }) });
  if (edit.kind === 'edited') return edit.revision;
  // Where it is given whole, nothing is refused but another revision.
  throw otherRevision(edit.kind === 'refused' ? edit.refusal : edit.revision);
}
