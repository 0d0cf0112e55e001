import { JobAccepted, JobPage, JobPost, JobStateAnswer, JobView, PostedRecipient } from '@mxflow/contracts';
import { changeJobState, findJob, listJobs, type JobChange } from '@mxflow/db';
import { announcedOctets, decodeCursor, encodeCursor, ProblemError, problemsOf, tooLarge } from '@mxflow/http-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';

import { announceState } from './announce.ts';
import type { Api, ApiParts } from './api.ts';
import { callerOf } from './authenticate.ts';
import { isStream, STREAM_TYPE } from './body-parsers.ts';
import { summarizeJob, viewJob } from './job-view.ts';
import { postJob } from './post-job.ts';

const JobId = Type.Object({ id: Type.String({ pattern: '^[0-9A-Za-z-]{1,64}$' }) });
const Paging = Type.Object(
  {
    limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
    cursor: Type.Optional(Type.String({ maxLength: 100 })),
  },
  { additionalProperties: false },
);

export function addJobRoutes(api: Api, parts: ApiParts): void {
  addPost(api, parts);
  addReads(api, parts);
  for (const change of ['pause', 'resume', 'cancel'] as const) addChange(api, parts, change);
}

function addPost(api: Api, parts: ApiParts): void {
  api.route({
    method: 'POST',
    url: '/v1/jobs',
    bodyLimit: parts.limits.bodyOctets,
    config: { scope: 'jobs:write', takesStream: true },
    schema: {
      tags: ['jobs'],
      summary: 'Post a send job',
      description: `In one piece as JSON, or of any size as ${STREAM_TYPE}: the job on the first line, then one recipient a line.`,
      headers: Type.Object({
        'idempotency-key': Type.Optional(
          Type.String({ description: 'A repeat with the same key and content is answered with the same job' }),
        ),
      }),
      body: { content: { 'application/json': { schema: JobPost }, [STREAM_TYPE]: { schema: PostedRecipient } } },
      response: { 202: JobAccepted, ...problemsOf(400, 401, 403, 408, 409, 413, 415, 422, 429, 503) },
    },
    // The use case reads the body itself: a malformed recipient is counted, it does not sink the job.
    validatorCompiler: () => () => true,
    onRequest: async (request, reply) => admit(parts, request, reply),
    handler: (request, reply) => postJob(parts, request, reply as unknown as FastifyReply),
  });
}

const BUSY_RETRY_SECONDS = 5;

/** Makes room before the body is read; it is given back when the answer is out or the connection gone. */
function admit({ admission, limits }: ApiParts, request: FastifyRequest, reply: FastifyReply): void {
  const stream = isStream(request);
  const octets = announcedOctets(request) || limits.bodyOctets;
  if (!stream && octets > limits.bodyOctets) throw tooLarge(limits.bodyOctets);
  const room = stream ? admission.enterStream() : admission.enterBody(octets);
  if (room === undefined) {
    throw new ProblemError(stream ? 'too-many' : 'unavailable', { retryAfterSeconds: BUSY_RETRY_SECONDS });
  }
  reply.raw.once('close', () => room[Symbol.dispose]());
}

function addReads(api: Api, { database }: ApiParts): void {
  api.route({
    method: 'GET',
    url: '/v1/jobs',
    config: { scope: 'jobs:read' },
    schema: {
      tags: ['jobs'],
      summary: 'List jobs, newest first',
      querystring: Paging,
      response: { 200: JobPage, ...problemsOf(401, 403, 422, 503) },
    },
    handler: async (request) => {
      const { limit, cursor } = request.query;
      const { tenantId } = callerOf(request);
      const jobs = await listJobs(database, { tenantId, before: decodeCursor(cursor), limit });
      const last = jobs.length === limit ? jobs.at(-1) : undefined;
      return {
        jobs: jobs.map(summarizeJob),
        ...(last === undefined ? {} : { next: encodeCursor(last.jobNumber) }),
      };
    },
  });
  api.route({
    method: 'GET',
    url: '/v1/jobs/:id',
    config: { scope: 'jobs:read' },
    schema: {
      tags: ['jobs'],
      summary: 'Where a job stands',
      params: JobId,
      response: { 200: JobView, ...problemsOf(401, 403, 404, 503) },
    },
    handler: async (request) => {
      const found = await findJob(database, callerOf(request).tenantId, request.params.id);
      if (found === undefined) throw new ProblemError('not-found');
      return viewJob(found.job, found.now);
    },
  });
}

function addChange(api: Api, parts: ApiParts, change: JobChange): void {
  api.route({
    method: 'POST',
    url: `/v1/jobs/:id/${change}`,
    config: { scope: 'jobs:write' },
    schema: {
      tags: ['jobs'],
      summary: `${change.slice(0, 1).toUpperCase()}${change.slice(1)} a job on every worker; repeating it is harmless`,
      params: JobId,
      response: { 200: JobStateAnswer, ...problemsOf(401, 403, 404, 409, 503) },
    },
    handler: async (request) => {
      const publicId = request.params.id;
      const { tenantId } = callerOf(request);
      const result = await changeJobState(parts.database, { tenantId, publicId, change });
      switch (result.kind) {
        case 'unknown':
          throw new ProblemError('not-found');
        case 'refused':
          throw new ProblemError('wrong-state', { detail: `the job is ${result.state}` });
        case 'changed':
        case 'unchanged': {
          const { state, jobNumber } = result;
          // Of an unchanged state too: the caller may repeat because the first announcement was lost.
          announceState(parts, { jobNumber, state });
          if (result.kind === 'changed') parts.events.jobChanged({ publicId, state });
          return { id: publicId, state };
        }
      }
    },
  });
}
