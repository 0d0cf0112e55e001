import { RULE_SET_MEDIA_TYPE } from '@mxflow/contracts';
import { problemsOf, ProblemError } from '@mxflow/http-api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';

import { callerOf } from './authenticate.ts';
import type { HubParts } from './hub-api.ts';
import type { ServedRuleSet } from './shelf.ts';

export const VersionPath = Type.Object({ version: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) });
const common = { method: 'GET', config: { role: 'client' } } as const;
const tags = ['rule sets'];
const signed = {
  200: {
    description: 'A JWS in general JSON serialisation (RFC 7515 §7.2.1), signed by every key in force',
    content: { [RULE_SET_MEDIA_TYPE]: { schema: Type.Object({}) } },
  },
};
/** Until the first rule set is loaded, which is a matter of seconds. */
const RETRY_SECONDS = 5;

/** Rule sets as clients pull them. */
export function addRuleSetRoutes({ api, shelf, events, pulls }: HubParts): void {
  api.route({
    ...common,
    url: '/v1/rule-set',
    schema: {
      tags,
      summary: 'The newest rule set; 304 to whoever has it already',
      response: { ...signed, 304: { description: 'Unchanged', type: 'null' }, ...problemsOf(401, 503) },
    },
    handler: (request, reply) => {
      const newest = shelf.newest();
      if (newest === undefined) throw new ProblemError('unavailable', { retryAfterSeconds: RETRY_SECONDS });
      const result = send(newest, request, reply);
      events.pulled(result);
      pulls.add({ name: callerOf(request).name, version: newest.version });
    },
  });
  api.route({
    ...common,
    url: '/v1/rule-sets/:version',
    schema: {
      tags,
      summary: 'A rule set by its number; it never changes',
      params: VersionPath,
      response: { ...signed, 304: { description: 'Unchanged', type: 'null' }, ...problemsOf(401, 404, 503) },
    },
    handler: async (request, reply) => {
      const found = await shelf.find(request.params.version);
      if (found === undefined) throw new ProblemError('not-found', { detail: 'there is no such version' });
      send(found, request, reply);
      return reply;
    },
  });
}

function send(ruleSet: ServedRuleSet, { headers }: FastifyRequest, reply: FastifyReply): 'sent' | 'unchanged' {
  void reply.header('etag', ruleSet.etag).header('cache-control', 'no-cache').header('vary', 'accept-encoding');
  if (namesEtag(headers['if-none-match'], ruleSet.etag)) {
    void reply.code(304).send();
    return 'unchanged';
  }
  void reply.type(RULE_SET_MEDIA_TYPE);
  if (takesGzip(headers['accept-encoding'])) {
    void reply.header('content-encoding', 'gzip').send(ruleSet.gzipped);
  } else {
    void reply.send(ruleSet.signed);
  }
  return 'sent';
}

/** Compared weakly (RFC 9110 §13.1.2); `*` names whatever there is. */
function namesEtag(ifNoneMatch: string | undefined, etag: string): boolean {
  const opaque = etag.replace(/^W\//, '');
  const named = (ifNoneMatch ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''));
  return named.includes(opaque) || ifNoneMatch?.trim() === '*';
}

function takesGzip(acceptEncoding: string | string[] | undefined): boolean {
  return /(?:^|,)\s*gzip\s*(?:$|,|;(?!\s*q=0(?:\.0*)?\s*(?:$|,)))/i.test(String(acceptEncoding ?? ''));
}
