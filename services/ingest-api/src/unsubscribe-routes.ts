import { recordBounces } from '@mxflow/db';
import { decodeUnsubscribeToken } from '@mxflow/domain';
import { gatherBody, ProblemError, problemsOf, readPaced } from '@mxflow/http-api';
import { messageMac } from '@mxflow/process';
import { Type } from 'typebox';

import type { Api, ApiParts } from './api.ts';

const Token = Type.Object({ token: Type.String({ pattern: '^[0-9A-Za-z.-]{1,64}$' }) });
/** A form with one pair is what is sent; nobody needs more room. */
const BODY_OCTETS = 16_384;

/**
 * The end of one-click links (RFC 8058): acts on POST only, since scanners of mail follow links by GET. The token says
 * which message it came with, and nobody else can make one: no other proof is asked for, and no address is shown.
 */
export function addUnsubscribeRoutes(api: Api, parts: ApiParts): void {
  const { mac } = messageMac(parts.secret);
  const { database, events, limits } = parts;
  void api.register(async (own) => {
    // Forms of either kind, JSON, or no body at all: what stands in it changes nothing.
    own.removeAllContentTypeParsers();
    own.addContentTypeParser('*', async (_request: unknown, octets: AsyncIterable<Buffer>) => {
      await gatherBody(readPaced(octets as never, limits.pace), BODY_OCTETS);
      return undefined;
    });
    own.route({
      method: 'POST',
      url: '/u/:token',
      schema: {
        tags: ['unsubscribe'],
        summary: "Take a message's recipient off its list with one click (RFC 8058)",
        security: [],
        params: Token,
        response: { 200: Type.String(), ...problemsOf(404, 405, 503) },
      },
      handler: async (request, reply) => {
        const { token } = request.params as { token: string };
        const messageId = decodeUnsubscribeToken(token, mac);
        if (messageId === undefined) throw new ProblemError('not-found');
        const { results } = await recordBounces(database, [{ kind: 'unsubscribe', messageId }]);
        const [result] = results;
        if (result === 'unknown-message') throw new ProblemError('not-found');
        if (result === 'applied') events.unsubscribed(messageId);
        return reply.type('text/plain; charset=utf-8').send('You will get no more mail from this list.\n');
      },
    });
    own.route({
      method: 'GET',
      url: '/u/:token',
      schema: { hide: true },
      handler: async (_request, reply) => {
        void reply.header('allow', 'POST');
        throw new ProblemError('wrong-method');
      },
    });
  });
}
