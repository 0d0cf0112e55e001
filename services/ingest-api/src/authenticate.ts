import type { Caller } from '@mxflow/db';
import { ProblemError, type CallerLookup } from '@mxflow/http-api';
import type { FastifyRequest } from 'fastify';

/** Finds who calls and whether the key allows it, before a single octet of the body is read. */
export async function authenticate(request: FastifyRequest, lookup: CallerLookup<Caller>): Promise<void> {
  const { scope } = request.routeOptions.config;
  if (scope === undefined) return;
  const caller = await lookup(request.headers.authorization);
  if (caller === undefined) {
    throw new ProblemError('unauthorized', { detail: 'send Authorization: Bearer mxk_… with a key that is in force' });
  }
  request.caller = caller;
  if (!caller.scopes.includes(scope))
    throw new ProblemError('forbidden', { detail: `the key lacks the scope ${scope}` });
}

/** The caller of a route that has a scope. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error('expected a route with a scope, found one without');
  return request.caller;
}
