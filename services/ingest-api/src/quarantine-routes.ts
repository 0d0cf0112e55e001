import {
  QuarantineEdited,
  QuarantineExplanation,
  QuarantineHistory,
  QuarantinePage,
  QuarantinePut,
  QuarantineQuery,
} from '@mxflow/contracts';
import { explainAddress, historyOf, pageEntries, putEntries } from '@mxflow/db';
import { parseMailbox } from '@mxflow/domain';
import { decodeCursor, encodeCursor, foundText, ProblemError, problemsOf } from '@mxflow/http-api';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';
import { callerOf } from './authenticate.ts';
import { filterOf } from './quarantine-filter.ts';
import { viewChanges, viewEntry, viewFacts } from './quarantine-view.ts';
import { toAscii } from './to-ascii.ts';

const DAY_MS = 86_400_000;
const AddressPath = Type.Object({ address: Type.String({ minLength: 1, maxLength: 320 }) });
const HistoryQuery = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
    cursor: Type.Optional(Type.String({ maxLength: 100 })),
  },
  { additionalProperties: false },
);
const tags = ['quarantine'];
const read = { config: { scope: 'quarantine:read' } } as const;
const write = { config: { scope: 'quarantine:write' } } as const;

/** Addresses: where they stand, why, and what a person says of them. */
export function addQuarantineRoutes(api: Api, parts: ApiParts): void {
  addList(api, parts);
  addAddress(api, parts);
  addSet(api, parts);
}

function addList(api: Api, { database }: ApiParts): void {
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/quarantine',
    schema: {
      tags,
      summary: 'Addresses that something happened to, in their order',
      querystring: QuarantineQuery,
      response: { 200: QuarantinePage, ...problemsOf(401, 403, 404, 422, 503) },
    },
    handler: async ({ query: { limit, cursor, ...query } }) => {
      const after = decodeCursor(cursor, /^.{1,400}$/su);
      const rows = await pageEntries(database, await filterOf(database, query), { after, limit });
      const last = rows.length === limit ? rows.at(-1) : undefined;
      return {
        addresses: rows.map(viewEntry),
        ...(last === undefined ? {} : { next: encodeCursor(last.address) }),
      };
    },
  });
}

function addAddress(api: Api, { database }: ApiParts): void {
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/quarantine/addresses/:address',
    schema: {
      tags,
      summary: 'Where an address stands and why: entry, policy, the rule and text that decided, its latest changes',
      params: AddressPath,
      response: { 200: QuarantineExplanation, ...problemsOf(401, 403, 422, 503) },
    },
    handler: async ({ params }) =>
      await viewFacts(database, await explainAddress(database, readAddress(params.address))),
  });
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/quarantine/addresses/:address/history',
    schema: {
      tags,
      summary: 'Every change of an address with its cause, the latest first',
      params: AddressPath,
      querystring: HistoryQuery,
      response: { 200: QuarantineHistory, ...problemsOf(401, 403, 422, 503) },
    },
    handler: async ({ params, query: { limit, cursor } }) => {
      const before = decodeCursor(cursor);
      const changes = await historyOf(database, readAddress(params.address), { before, limit });
      const last = changes.length === limit ? changes.at(-1) : undefined;
      return {
        changes: await viewChanges(database, changes),
        ...(last === undefined ? {} : { next: encodeCursor(last.id) }),
      };
    },
  });
}

function addSet(api: Api, { database }: ApiParts): void {
  api.route({
    ...write,
    method: 'PUT',
    url: '/v1/quarantine/addresses/:address',
    schema: {
      tags,
      summary: 'Say where an address stands: quarantined, denylisted, allow-listed, valid',
      params: AddressPath,
      body: QuarantinePut,
      response: { 200: QuarantineEdited, ...problemsOf(400, 401, 403, 422, 503) },
    },
    handler: async (request) => {
      const { note, releaseDays, dryRun = false, ...edit } = request.body;
      if (releaseDays !== undefined && edit.status !== 'quarantined') {
        const expected = 'none: only an address in quarantine is released';
        throw new ProblemError('invalid', {
          faults: [{ pointer: '/releaseDays', expected, found: String(releaseDays) }],
        });
      }
      const releaseAt = releaseDays === undefined ? undefined : Date.now() + releaseDays * DAY_MS;
      const address = readAddress(request.params.address);
      const options = { cause: 'edit', actor: actorOf(request), dryRun } as const;
      return { ...(await putEntries(database, [{ ...edit, address, text: note, releaseAt }], options)), dryRun };
    },
  });
}

/** Who changes something, as the history of an address names them. */
export function actorOf(request: FastifyRequest): string {
  return `key ${callerOf(request).apiKeyId}`;
}

function readAddress(text: string): string {
  const mailbox = parseMailbox(text.trim(), toAscii);
  if (mailbox !== undefined) return mailbox.address;
  throw new ProblemError('invalid', {
    faults: [{ pointer: '/address', expected: 'an address', found: foundText(text) }],
  });
}
