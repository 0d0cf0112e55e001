import { HoldList, Lifted, RestList } from '@mxflow/contracts';
import {
  liftHolds,
  listBlockedPaths,
  listBlockedSites,
  listHolds,
  clearPathFailures,
  unblockSite,
  type BlockedPath,
  type BlockedSite,
  type Hold,
} from '@mxflow/db';
import { ProblemError, problemsOf } from '@mxflow/http-api';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';

const LIMIT = 1000;
const Site = Type.Object({ id: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });
const closed = { additionalProperties: false } as const;
const PublicId = Type.Integer({ minimum: 1, maximum: 2_147_483_647 });
const HoldQuery = Type.Object(
  {
    group: Type.String({ pattern: '^(rule|site):[0-9a-z.-]{1,64}$', description: 'As the list of holds names it' }),
    source: Type.Optional(PublicId),
  },
  closed,
);
const PathQuery = Type.Object({ source: PublicId, mxIp: Type.String({ pattern: '^[0-9a-fA-F.:]{2,45}$' }) }, closed);

/** What rests or is held back, and how to end that. */
export function addRestRoutes(api: Api, parts: ApiParts): void {
  addLists(api, parts);
  addLifts(api, parts);
}

function addLists(api: Api, { database }: ApiParts): void {
  api.route({
    method: 'GET',
    url: '/v1/holds',
    config: { scope: 'rules:read' },
    schema: {
      tags: ['rest'],
      summary: 'Sources held back by feedback rules, the newest first',
      response: { 200: HoldList, ...problemsOf(401, 403, 503) },
    },
    handler: async () => ({ holds: (await listHolds(database)).map(viewHold) }),
  });
  api.route({
    method: 'GET',
    url: '/v1/sites/blocked',
    config: { scope: 'rules:read' },
    schema: {
      tags: ['rest'],
      summary: 'Sites and paths that rest',
      response: { 200: RestList, ...problemsOf(401, 403, 503) },
    },
    handler: async () => ({
      sites: (await listBlockedSites(database, LIMIT)).map(viewSite),
      paths: (await listBlockedPaths(database, LIMIT)).map(viewPath),
    }),
  });
}

function addLifts(api: Api, { database }: ApiParts): void {
  api.route({
    method: 'DELETE',
    url: '/v1/holds',
    config: { scope: 'rules:write' },
    schema: {
      tags: ['rest'],
      summary: 'Lift what feedback rules impose on a group, for one source or for all',
      querystring: HoldQuery,
      response: { 200: Lifted, ...problemsOf(401, 403, 404, 422, 503) },
    },
    handler: async ({ query: { group: groupKey, source } }) => {
      const lifted = await liftHolds(database, { groupKey, ...(source === undefined ? {} : { publicId: source }) });
      if (lifted === 0) throw new ProblemError('not-found');
      return { lifted };
    },
  });
  api.route({
    method: 'DELETE',
    url: '/v1/sites/:id/block',
    config: { scope: 'rules:write' },
    schema: {
      tags: ['rest'],
      summary: "End a site's rest, be it a block or back-off",
      params: Site,
      response: { 200: Lifted, ...problemsOf(401, 403, 404, 503) },
    },
    handler: async ({ params: { id } }) => {
      if (!(await unblockSite(database, id))) throw new ProblemError('not-found');
      return { lifted: 1 };
    },
  });
  api.route({
    method: 'DELETE',
    url: '/v1/paths/back-off',
    config: { scope: 'rules:write' },
    schema: {
      tags: ['rest'],
      summary: 'End the rest of one source towards one address',
      querystring: PathQuery,
      response: { 200: Lifted, ...problemsOf(401, 403, 404, 422, 503) },
    },
    handler: async ({ query: { source: publicId, mxIp } }) => {
      if (!(await clearPathFailures(database, { publicId, mxIp }))) throw new ProblemError('not-found');
      return { lifted: 1 };
    },
  });
}

function viewHold(hold: Hold): HoldList['holds'][number] {
  const { suspendedUntil, cappedUntil, connectionsCap, rateCapPerHour, lastReply } = hold;
  return {
    group: hold.groupKey,
    source: hold.publicId,
    ...(suspendedUntil === null ? {} : { suspendedUntil: suspendedUntil.toISOString() }),
    ...(connectionsCap === null ? {} : { connections: connectionsCap }),
    ...(rateCapPerHour === null ? {} : { messagesPerHour: rateCapPerHour }),
    ...(cappedUntil === null ? {} : { cappedUntil: cappedUntil.toISOString() }),
    stepSeconds: hold.stepSeconds,
    reason: hold.reason,
    ...(lastReply === null ? {} : { lastReply }),
    since: hold.since.toISOString(),
  };
}

function viewSite({ siteId: id, key: site, kind, until, reason, domains }: BlockedSite): RestList['sites'][number] {
  const because = reason === null ? {} : { reason };
  return { id, site, kind, until: until.toISOString(), ...because, domains: [...domains] };
}

function viewPath({ publicId, mxIp, until, failures, reason }: BlockedPath): RestList['paths'][number] {
  const because = reason === null ? {} : { reason };
  return { source: publicId, mxIp, until: until.toISOString(), failures, ...because };
}
