import {
  InboundMailPage,
  InboundMailView,
  InboundOutcomeName,
  InboundRerun,
  InboundRerunAnswer,
} from '@mxflow/contracts';
import {
  findInboundMail,
  pageInboundMails,
  readInboundRaw,
  rerunInboundMails,
  type Database,
  type StoredMail,
} from '@mxflow/db';
import { decodeCursor, encodeCursor, ProblemError, problemsOf } from '@mxflow/http-api';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';
import { callerOf } from './authenticate.ts';

const MOST_RERUN = 10_000;
const MailPath = Type.Object({ id: Type.String({ pattern: '^[1-9]\\d{0,17}$' }) });
const Query = Type.Object(
  {
    outcome: Type.Optional(InboundOutcomeName),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 100 }),
    cursor: Type.Optional(Type.String({ maxLength: 100 })),
  },
  { additionalProperties: false },
);
const tags = ['inbound mail'];
const read = { config: { scope: 'bounces:read' } } as const;
const write = { config: { scope: 'bounces:write' } } as const;

/** Mails to return-path domains: what they were found to be, their octets, and processing them once more. */
export function addInboundRoutes(api: Api, parts: ApiParts): void {
  addReads(api, parts);
  addReruns(api, parts);
}

function addReads(api: Api, { database }: ApiParts): void {
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/inbound',
    schema: {
      tags,
      summary: 'Mails to return-path domains, the newest first',
      querystring: Query,
      response: { 200: InboundMailPage, ...problemsOf(401, 403, 422, 503) },
    },
    handler: async (request) => {
      const { outcome, limit, cursor } = request.query;
      const { tenantId } = callerOf(request);
      const mails = await pageInboundMails(database, { tenantId, outcome, after: decodeCursor(cursor), limit });
      const last = mails.length === limit ? mails.at(-1) : undefined;
      return { mails: mails.map(viewMail), ...(last === undefined ? {} : { next: encodeCursor(last.id) }) };
    },
  });
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/inbound/:id',
    schema: {
      tags,
      summary: 'One such mail',
      params: MailPath,
      response: { 200: InboundMailView, ...problemsOf(401, 403, 404, 503) },
    },
    handler: async (request) => viewMail(await findOne(database, request)),
  });
  api.route({
    ...read,
    method: 'GET',
    url: '/v1/inbound/:id/raw',
    schema: {
      tags,
      summary: 'What was kept of its octets, as they came',
      params: MailPath,
      response: { 200: Type.String(), ...problemsOf(401, 403, 404, 503) },
    },
    handler: async (request, reply) => {
      const { id } = await findOne(database, request);
      const raw = await readInboundRaw(database, id);
      if (raw === undefined) throw new ProblemError('not-found');
      // Written by a stranger: for a file, never for a page.
      void reply.header('content-disposition', `attachment; filename="${id}.eml"`);
      return reply.type('application/octet-stream').send(Buffer.from(raw) as never);
    },
  });
}

function addReruns(api: Api, { database }: ApiParts): void {
  api.route({
    ...write,
    method: 'POST',
    url: '/v1/inbound/:id/rerun',
    schema: {
      tags,
      summary: 'Process a mail once more, by the rules of now',
      params: MailPath,
      response: { 200: InboundRerunAnswer, ...problemsOf(401, 403, 404, 503) },
    },
    handler: async (request) => {
      const { id } = await findOne(database, request);
      const mails = await rerunInboundMails(database, { id });
      if (mails === 0) throw new ProblemError('not-found');
      return { mails };
    },
  });
  api.route({
    ...write,
    method: 'POST',
    url: '/v1/inbound/rerun',
    schema: {
      tags,
      summary: 'Process all mails of an outcome once more, the oldest first',
      body: InboundRerun,
      response: { 200: InboundRerunAnswer, ...problemsOf(400, 401, 403, 422, 503) },
    },
    handler: async ({ body: { outcome, limit = MOST_RERUN } }) => ({
      mails: await rerunInboundMails(database, { outcome, limit }),
    }),
  });
}

async function findOne(
  database: Database,
  request: FastifyRequest & { readonly params: { readonly id: string } },
): Promise<StoredMail> {
  const mail = await findInboundMail(database, callerOf(request).tenantId, request.params.id);
  if (mail === undefined) throw new ProblemError('not-found');
  return mail;
}

function viewMail({
  peer,
  processedAt,
  outcome,
  because,
  message,
  at,
  tries: _tries,
  ...mail
}: StoredMail): InboundMailView {
  return {
    ...mail,
    rcptTo: [...mail.rcptTo],
    at: at.toISOString(),
    ...(peer === null ? {} : { peer }),
    ...(processedAt === null ? {} : { processedAt: processedAt.toISOString() }),
    outcome: processedAt === null ? 'waiting' : ((outcome ?? 'unparsed') as InboundMailView['outcome']),
    ...(because === null ? {} : { because }),
    ...(message === null ? {} : { message }),
  };
}
