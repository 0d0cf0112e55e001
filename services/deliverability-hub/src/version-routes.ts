import {
  HubPublished,
  HubPublishPost,
  HubVersionDiff,
  HubVersionPage,
  RuleSetDocument,
  type RuleSetContent,
} from '@mxflow/contracts';
import { pageHubVersions, readHubVersion } from '@mxflow/db';
import { decodeCursor, encodeCursor, ProblemError, problemsOf } from '@mxflow/http-api';
import { compareRuleSets } from '@mxflow/rule-set';
import { Type } from 'typebox';

import { callerOf } from './authenticate.ts';
import { contentOf } from './document.ts';
import type { HubParts } from './hub-api.ts';
import { publishDraft } from './publish.ts';
import { seenRevision } from './revision.ts';
import { VersionPath } from './rule-set-routes.ts';

const tags = ['versions'];
const editor = { config: { role: 'editor' } } as const;
const VERSION = /^[1-9]\d{0,9}$/;

/** Published versions, and publishing one. */
export function addVersionRoutes(parts: HubParts): void {
  addPublish(parts);
  addHistory(parts);
  addDiff(parts);
}

function addPublish(parts: HubParts): void {
  parts.api.route({
    ...editor,
    method: 'POST',
    url: '/v1/draft/publish',
    bodyLimit: 65_536,
    schema: {
      tags: ['draft'],
      summary: 'Publish it as the next version; refused with every fault where it has any',
      body: HubPublishPost,
      response: { 200: HubPublished, 201: HubPublished, ...problemsOf(400, 401, 403, 409, 412, 422, 429, 503) },
    },
    handler: async (request, reply) => {
      const order = { ...request.body, by: callerOf(request).name, revision: seenRevision(request) };
      const published = await publishDraft(parts, order);
      return reply.code(published.dryRun ? 200 : 201).send(published);
    },
  });
}

function addHistory({ api, database }: HubParts): void {
  api.route({
    ...editor,
    method: 'GET',
    url: '/v1/versions',
    schema: {
      tags,
      summary: 'What was published, by whom, and why',
      querystring: Type.Object(
        {
          limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
          cursor: Type.Optional(Type.String({ maxLength: 200 })),
        },
        { additionalProperties: false },
      ),
      response: { 200: HubVersionPage, ...problemsOf(401, 403, 422, 503) },
    },
    handler: async ({ query: { limit, cursor } }) => {
      const place = decodeCursor(cursor, VERSION);
      const before = place === undefined ? undefined : Number(place);
      const heads = await pageHubVersions(database, { before, limit });
      const last = heads.length === limit ? heads.at(-1) : undefined;
      return {
        versions: heads.map((head) => ({ ...head, publishedAt: head.publishedAt.toISOString() })),
        ...(last === undefined ? {} : { next: encodeCursor(String(last.version)) }),
      };
    },
  });
  api.route({
    ...editor,
    method: 'GET',
    url: '/v1/versions/:version',
    schema: {
      tags,
      summary: 'The document of a version, without its signatures',
      params: VersionPath,
      response: { 200: RuleSetDocument, ...problemsOf(401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const found = await readHubVersion(database, request.params.version);
      if (found === undefined) throw new ProblemError('not-found', { detail: 'there is no such version' });
      return reply.type('application/json').send(Buffer.from(found.document) as never);
    },
  });
}

function addDiff({ api, database }: HubParts): void {
  const read = async (version: number): Promise<RuleSetContent> => {
    const found = await readHubVersion(database, version);
    if (found === undefined) throw new ProblemError('not-found', { detail: `there is no version ${version}` });
    return contentOf(found.document);
  };
  api.route({
    ...editor,
    method: 'GET',
    url: '/v1/versions/:version/diff',
    schema: {
      tags,
      summary: 'What leads to a version, from the one before it or another',
      params: VersionPath,
      querystring: Type.Object(
        { from: Type.Optional(VersionPath.properties.version) },
        { additionalProperties: false },
      ),
      response: { 200: HubVersionDiff, ...problemsOf(401, 403, 404, 422, 503) },
    },
    handler: async ({ params: { version: to }, query: { from = to - 1 } }) => ({
      from,
      to,
      diff: compareRuleSets(await read(from), await read(to)),
    }),
  });
}
