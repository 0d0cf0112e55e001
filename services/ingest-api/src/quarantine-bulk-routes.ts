import {
  HeldErrors,
  HeldErrorsPost,
  HeldErrorsQuery,
  HeldSettled,
  Released,
  ReleasePost,
  Undone,
  UndoPost,
} from '@mxflow/contracts';
import {
  applyHeld,
  dropHeld,
  listGuardedSites,
  listHeld,
  releaseEntries,
  undoQuarantine,
  type HeldError,
} from '@mxflow/db';
import { decodeCursor, encodeCursor, ProblemError, problemsOf } from '@mxflow/http-api';

import type { Api, ApiParts } from './api.ts';
import { filterOf } from './quarantine-filter.ts';
import { actorOf } from './quarantine-routes.ts';

const tags = ['quarantine'];
const read = { config: { scope: 'quarantine:read' } } as const;
const write = { config: { scope: 'quarantine:write' } } as const;

/** Many addresses at once: released by a filter, put back after an outage, let go or held by the guard. */
export function addQuarantineBulkRoutes(api: Api, parts: ApiParts): void {
  addRelease(api, parts);
  addUndo(api, parts);
  addHeld(api, parts);
  addSettling(api, parts);
}

function addRelease(api: Api, { database }: ApiParts): void {
  api.route({
    ...write,
    method: 'POST',
    url: '/v1/quarantine/release',
    schema: {
      tags,
      summary: 'Release the addresses that a filter names; denylisted ones where it asks for those',
      body: ReleasePost,
      response: { 200: Released, ...problemsOf(400, 401, 403, 404, 422, 503) },
    },
    handler: async (request) => {
      const { dryRun = false, ...filter } = request.body;
      if (Object.keys(filter).length === 0) {
        throw new ProblemError('invalid', {
          faults: [{ pointer: '', expected: 'a filter: nobody means to release everything', found: 'none' }],
        });
      }
      if (filter.status !== undefined && filter.status !== 'quarantined' && filter.status !== 'denylisted') {
        throw new ProblemError('invalid', {
          faults: [{ pointer: '/status', expected: 'quarantined or denylisted', found: filter.status }],
        });
      }
      const options = { actor: actorOf(request), dryRun };
      const { released, sample } = await releaseEntries(database, await filterOf(database, filter), options);
      return { released, sample: [...sample], dryRun };
    },
  });
}

function addUndo(api: Api, { database }: ApiParts): void {
  api.route({
    ...write,
    method: 'POST',
    url: '/v1/quarantine/undo',
    schema: {
      tags,
      summary:
        'Undo what errors of a window did, by site, provider, rule or reason: addresses stand where they stood before',
      body: UndoPost,
      response: { 200: Undone, ...problemsOf(400, 401, 403, 404, 422, 503) },
    },
    handler: async (request) => {
      const { dryRun = false, ...query } = request.body;
      const { from, to } = query;
      const wanted = { ...(await filterOf(database, query)), from: new Date(from), to: new Date(to) };
      const report = await undoQuarantine(database, wanted, { actor: actorOf(request), dryRun });
      return { ...report, sample: [...report.sample], dryRun };
    },
  });
}

function addHeld(api: Api, { database }: ApiParts): void {
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/quarantine/held',
    schema: {
      tags,
      summary: 'Sites and providers where the guard holds errors back, and the errors that wait for a person',
      querystring: HeldErrorsQuery,
      response: { 200: HeldErrors, ...problemsOf(401, 403, 404, 422, 503) },
    },
    handler: async ({ query: { limit, cursor, ...query } }) => {
      const after = decodeCursor(cursor);
      const filter = await filterOf(database, query);
      const [sites, errors] = await Promise.all([
        listGuardedSites(database),
        listHeld(database, filter, { after, limit }),
      ]);
      const last = errors.length === limit ? errors.at(-1) : undefined;
      return {
        sites: sites.map(({ siteId: id, key, provider, alarmedAt, held }) => ({
          site: id,
          ...(key === null ? {} : { key }),
          ...(provider === null ? {} : { provider }),
          ...(alarmedAt === null ? {} : { alarmedAt: alarmedAt.toISOString() }),
          held,
        })),
        errors: errors.map(viewHeld),
        ...(last === undefined ? {} : { next: encodeCursor(last.id) }),
      };
    },
  });
}

function addSettling(api: Api, { database }: ApiParts): void {
  const verbs = [
    { verb: 'apply', settle: applyHeld, summary: 'Let held errors have their effect after all' },
    { verb: 'drop', settle: dropHeld, summary: 'Drop held errors: the addresses stay as they are' },
  ] as const;
  for (const { verb, settle, summary } of verbs) {
    api.route({
      ...write,
      method: 'POST',
      url: `/v1/quarantine/held/${verb}`,
      schema: {
        tags,
        summary,
        body: HeldErrorsPost,
        response: { 200: HeldSettled, ...problemsOf(400, 401, 403, 404, 422, 503) },
      },
      handler: async ({ body: { dryRun = false, ...query } }) => {
        const errors = await settle(database, await filterOf(database, query), { dryRun });
        return { errors, dryRun };
      },
    });
  }
}

function viewHeld({ detail, rule, text, siteId, at, ...held }: HeldError): HeldErrors['errors'][number] {
  const { id, address, reason, type } = held;
  return {
    id,
    site: siteId,
    address,
    at: at.toISOString(),
    reason,
    type,
    ...(detail === null ? {} : { detail }),
    ...(rule === null ? {} : { rule }),
    ...(text === null ? {} : { text }),
  };
}
