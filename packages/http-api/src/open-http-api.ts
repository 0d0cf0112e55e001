import type { IncomingMessage, ServerResponse } from 'node:http';

import type { HttpAnswer } from '@mxflow/telemetry';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  type FastifyTypeProvider,
  type RawServerDefault,
} from 'fastify';
import type { Static, TSchema } from 'typebox';
import { Convert, Default } from 'typebox/value';

import { drainBeforeAnswer, sendProblem, toProblem, type FailureEvents } from './answer-problem.ts';
import { readPaced, type Pace } from './paced-reader.ts';
import { ProblemError } from './problem.ts';
import { gatherBody, parseJsonBody, tooLarge } from './read-body.ts';
import { traceRequest } from './request-trace.ts';
import { compileSchema } from './schema-faults.ts';

/** Reads the types of a route from its TypeBox schemas. */
interface SchemaProvider extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
  serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
}

export type HttpApi = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  SchemaProvider
>;

export type HttpApiOptions = {
  readonly events: FailureEvents & { readonly requestAnswered: (answer: HttpAnswer) => void };
  readonly pace: Pace;
  /** In PEM; without them it is spoken in the clear. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
};

const HEADERS_TIMEOUT_MS = 10_000;
/** How often the server looks for connections whose headers are late. */
const TIMEOUT_CHECK_MS = 2_000;
const KEEP_ALIVE_MS = 72_000;

/** An API without routes: traces, schemas, problem details, JSON bodies that are read no longer than a client may take. */
export function openHttpApi({ events, pace, tls }: HttpApiOptions): HttpApi {
  const server = { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: TIMEOUT_CHECK_MS };
  const api: HttpApi = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // A server of either kind is the same to all routes.
    ...((tls === undefined ? { http: server } : { https: { ...server, ...tls } }) as { http: typeof server }),
    frameworkErrors: (error, _request, reply) => {
      sendProblem(toProblem(error, undefined, events), reply);
    },
  }).withTypeProvider<SchemaProvider>();
  api.setValidatorCompiler<TSchema>(({ schema, httpPart }) => compileValidator(schema, httpPart));
  api.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  api.setErrorHandler((error, request, reply) =>
    sendProblem(toProblem(error, request.routeOptions.url, events), reply),
  );
  api.setNotFoundHandler((_request, reply) => sendProblem(new ProblemError('not-found'), reply));
  addJsonParser(api, pace);
  api.addHook('onRequest', (request, reply, done) => traceRequest(request, reply, done));
  api.addHook('onSend', async (request, reply) => {
    void reply.header('x-content-type-options', 'nosniff');
    await drainBeforeAnswer(request, reply);
  });
  api.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime: durationMs }) => {
    events.requestAnswered({ method, route: routeOptions.url, statusCode, durationMs });
  });
  return api;
}

type Validation = true | { readonly value: unknown } | { readonly error: ProblemError };

/** Queries and paths come as text, bodies as they are; a value that does not fit is 422 with its pointer. */
function compileValidator(schema: TSchema, httpPart: string | undefined): (value: unknown) => Validation {
  if (httpPart === 'headers') return () => true;
  const findFaults = compileSchema(schema);
  return (posted) => {
    const value = httpPart === 'body' ? posted : Convert(schema, Default(schema, posted));
    const faults = findFaults(value);
    if (faults.length === 0) return { value };
    // A path that cannot name anything names nothing.
    return { error: httpPart === 'params' ? new ProblemError('not-found') : new ProblemError('invalid', { faults }) };
  };
}

/** JSON is read to its end; any other media type is 415, unless a parser for it is added. */
function addJsonParser(api: HttpApi, pace: Pace): void {
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('application/json', async (request: FastifyRequest, octets: IncomingMessage) => {
    refuseEncoding(request);
    const { bodyLimit } = request.routeOptions;
    if (announcedOctets(request) > bodyLimit) throw tooLarge(bodyLimit);
    const body = await gatherBody(readPaced(octets, pace), bodyLimit);
    return body.length === 0 ? undefined : parseJsonBody(body);
  });
}

/** Content-Length, or 0 where the client leaves it open. */
export function announcedOctets(request: FastifyRequest): number {
  return Number(request.headers['content-length'] ?? 0);
}

export function refuseEncoding(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new ProblemError('media-type', { detail: 'bodies are taken without Content-Encoding' });
}
