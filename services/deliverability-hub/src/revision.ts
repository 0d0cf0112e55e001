import { ProblemError } from '@mxflow/http-api';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The revision of the draft that a call says it has seen (RFC 9110 §13.1.1); `undefined` where it says none. */
export function seenRevision({ headers }: FastifyRequest): number | undefined {
  const text = headers['if-match'];
  if (text === undefined || text.trim() === '*') return undefined;
  const revision = /^\s*"(\d{1,15})"\s*$/.exec(text)?.[1];
  // One that was never given out is none that is at hand.
  return revision === undefined ? -1 : Number(revision);
}

/** The draft is not as the caller has seen it. */
export function otherRevision(revision: number): ProblemError {
  return new ProblemError('precondition-failed', {
    detail: `the draft is at revision ${revision}: look at it again, somebody has changed it`,
  });
}

export function showRevision(reply: FastifyReply, revision: number): void {
  void reply.header('etag', `"${revision}"`);
}
