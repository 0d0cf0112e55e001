import type { IncomingMessage } from 'node:http';

import { ProblemError, readPaced, refuseEncoding } from '@mxflow/http-api';
import type { FastifyRequest } from 'fastify';

import type { Api, ApiParts } from './api.ts';

export const STREAM_TYPE = 'application/x-ndjson';

/** Besides JSON: a stream or a table is handed on unread, where the route takes one. */
export function addBodyParsers(api: Api, { limits }: ApiParts): void {
  for (const [mediaType, permission] of [
    [STREAM_TYPE, 'takesStream'],
    ['text/csv', 'takesCsv'],
  ] as const) {
    api.addContentTypeParser(mediaType, async (request: FastifyRequest, octets: IncomingMessage) => {
      refuseEncoding(request);
      if (request.routeOptions.config[permission] !== true) throw new ProblemError('media-type');
      return readPaced(octets, limits.pace);
    });
  }
}

export function isStream(request: FastifyRequest): boolean {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() === STREAM_TYPE;
}
