import type { HubCaller } from '@mxflow/db';
import { ProblemError, type CallerLookup } from '@mxflow/http-api';
import type { FastifyRequest } from 'fastify';

import type { HubEvents } from './events.ts';

/** Finds who calls and whether the key allows it, before a single octet of the body is read. */
export async function authenticate(
  request: FastifyRequest,
  lookup: CallerLookup<HubCaller>,
  events: Pick<HubEvents, 'turnedAway'>,
): Promise<void> {
  const { role } = request.routeOptions.config;
  if (role === undefined) return;
  const caller = await lookup(request.headers.authorization);
  if (caller === undefined) {
    events.turnedAway('unknown');
    throw new ProblemError('unauthorized', { detail: 'send Authorization: Bearer mxh_… with a key that is in force' });
  }
  if (caller.isRevoked) {
    events.turnedAway('revoked', caller.name);
    throw new ProblemError('unauthorized', { detail: 'the key was revoked: whoever runs this hub can issue another' });
  }
  request.hubCaller = caller;
  if (role === 'editor' && caller.role !== 'editor') {
    events.turnedAway('role', caller.name);
    throw new ProblemError('forbidden', { detail: 'the key is of a client: it pulls and reports, and edits nothing' });
  }
}

/** The caller of a route that has a role. */
export function callerOf(request: FastifyRequest): HubCaller {
  if (request.hubCaller === null) throw new Error('expected a route with a role, found one without');
  return request.hubCaller;
}
