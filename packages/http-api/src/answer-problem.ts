import type { IncomingMessage } from 'node:http';

import { isDatabaseUnavailable } from '@mxflow/db';
import type { FastifyReply, FastifyRequest } from 'fastify';

import { ClientGoneError } from './client-gone.ts';
import { problemBody, ProblemError, statusOf, type ProblemKind } from './problem.ts';

/** Who is told of what broke on our side. */
export type FailureEvents = {
  readonly databaseAway: (error: unknown) => void;
  readonly requestFailed: (error: unknown, route: string | undefined) => void;
};

const DATABASE_RETRY_SECONDS = 5;

/** Turns whatever a route threw into problem details. Of what broke on our side the caller learns only that it did. */
export function toProblem(error: unknown, route: string | undefined, events: FailureEvents): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof ClientGoneError) return new ProblemError('malformed', { cause: error });
  if (isDatabaseUnavailable(error)) {
    events.databaseAway(error);
    return new ProblemError('unavailable', { retryAfterSeconds: DATABASE_RETRY_SECONDS, cause: error });
  }
  const kind = kindOfStatus((error as { statusCode?: unknown }).statusCode);
  if (kind === 'internal') events.requestFailed(error, route);
  return new ProblemError(kind, { cause: error });
}

/** What the framework refuses by itself. */
function kindOfStatus(statusCode: unknown): ProblemKind {
  switch (statusCode) {
    case 404:
      return 'not-found';
    case 413:
      return 'too-large';
    case 415:
      return 'media-type';
    default:
      return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500 ? 'malformed' : 'internal';
  }
}

export function sendProblem(problem: ProblemError, reply: FastifyReply): FastifyReply {
  if (problem.retryAfterSeconds !== undefined) {
    void reply.header('retry-after', String(Math.max(1, Math.ceil(problem.retryAfterSeconds))));
  }
  if (problem.kind === 'unauthorized') void reply.header('www-authenticate', 'Bearer');
  return reply
    .code(statusOf(problem.kind))
    .type('application/problem+json')
    .send(JSON.stringify(problemBody(problem)));
}

const DRAIN_MS = 500;
const DRAIN_OCTETS = 8_000_000;

/**
 * Lets a client that is still sending come to its answer: closing at once would make its system throw the answer
 * away. What is sent in that time is dropped, and the connection not used again.
 */
export async function drainBeforeAnswer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { raw } = request;
  if (raw.complete || raw.destroyed) return;
  void reply.header('connection', 'close');
  await drainBriefly(raw);
}

function drainBriefly(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let octets = 0;
    const timer = setTimeout(resolve, DRAIN_MS);
    const finish = (): void => {
      clearTimeout(timer);
      resolve();
    };
    request.on('data', (part: Buffer) => {
      octets += part.length;
      if (octets > DRAIN_OCTETS) finish();
    });
    request.once('end', finish).once('close', finish).once('error', finish);
    // A reader that has just let go of the request is only gone in the next turn.
    setImmediate(() => request.resume());
  });
}
