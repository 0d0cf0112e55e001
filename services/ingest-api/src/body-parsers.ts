import type { IncomingMessage } from 'node:http';

import type { FastifyRequest } from 'fastify';

import type { Api, ApiParts } from './api.ts';
import { readPaced } from './paced-reader.ts';
import { ProblemError } from './problem.ts';
import { gatherBody, parseJsonBody, tooLarge } from './read-body.ts';

export const STREAM_TYPE = 'application/x-ndjson';

/** JSON is read to its end; a stream or a table is handed on unread. Any other media type is 415. */
export function addBodyParsers(api: Api, { limits }: ApiParts): void {
  api.removeAllContentTypeParsers();
  api.addContentTypeParser('application/json', async (request: FastifyRequest, octets: IncomingMessage) => {
    refuseEncoding(request);
    const { bodyLimit } = request.routeOptions;
    if (announcedOctets(request) > bodyLimit) throw tooLarge(bodyLimit);
    const body = await gatherBody(readPaced(octets, limits.pace), bodyLimit);
    return body.length === 0 ? undefined : parseJsonBody(body);
  });
  api.addContentTypeParser(STREAM_TYPE, async (request: FastifyRequest, octets: IncomingMessage) => {
    refuseEncoding(request);
    if (request.routeOptions.config.takesStream !== true) throw new ProblemError('media-type');
    return readPaced(octets, limits.pace);
  });
  api.addContentTypeParser('text/csv', async (request: FastifyRequest, octets: IncomingMessage) => {
    refuseEncoding(request);
    if (request.routeOptions.config.takesCsv !== true) throw new ProblemError('media-type');
    return readPaced(octets, limits.pace);
  });
}

/** Content-Length, or 0 where the client leaves it open. */
export function announcedOctets(request: FastifyRequest): number {
  return Number(request.headers['content-length'] ?? 0);
}

export function isStream(request: FastifyRequest): boolean {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() === STREAM_TYPE;
}

function refuseEncoding(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    throw new ProblemError('media-type', { detail: 'bodies are taken without Content-Encoding' });
}
