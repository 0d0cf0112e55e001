import swagger from '@fastify/swagger';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

import type { HttpApi } from './open-http-api.ts';

/** Everything of the browsable reference comes from here: no font, script or proxy of others. */
const REFERENCE_POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/** OpenAPI 3.1 at /openapi.json, made from the schemas of the routes, and a page to read it at /docs. */
export async function addDescription(
  api: HttpApi,
  {
    title,
    description,
    keyFormat,
  }: { readonly title: string; readonly description: string; readonly keyFormat: string },
): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title,
        version: '1',
        description: `${description} Every answer that is not 2xx is problem details (RFC 9457).`,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: keyFormat } } },
      security: [{ apiKey: [] }],
    },
  });
}

/** To be called once all routes are there. */
export function serveDescription(api: HttpApi): void {
  api.get('/openapi.json', { schema: { hide: true } }, () => api.swagger());
  let pages: Promise<FastifyInstance> | undefined;
  const servePage = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const page = await (await (pages ??= openPages())).inject({ method: 'GET', url: request.url });
    for (const name of ['content-type', 'location'] as const) {
      const value = page.headers[name];
      if (value !== undefined) void reply.header(name, value);
    }
    return reply.code(page.statusCode).header('content-security-policy', REFERENCE_POLICY).send(page.rawPayload);
  };
  for (const url of ['/docs', '/docs/*']) api.get(url, { schema: { hide: true } }, servePage as never);
}

/** The pages hold megabytes of script in memory: they are loaded when somebody first looks at them. */
async function openPages(): Promise<FastifyInstance> {
  const { default: reference } = await import('@scalar/fastify-api-reference');
  const pages = Fastify();
  await pages.register(reference, {
    routePrefix: '/docs',
    configuration: { url: '/openapi.json', withDefaultFonts: false, telemetry: false, hideClientButton: true },
  });
  return pages;
}
