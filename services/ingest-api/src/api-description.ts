import swagger from '@fastify/swagger';
import reference from '@scalar/fastify-api-reference';

import type { Api } from './api.ts';

/** Everything of the browsable reference comes from here: no font, script or proxy of others. */
const REFERENCE_POLICY =
  "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/** OpenAPI 3.1 at /openapi.json, made from the schemas of the routes, and a page to read it at /docs. */
export async function addDescription(api: Api): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'mxflow',
        version: '1',
        description: 'Send jobs in, outcomes out. Every answer that is not 2xx is problem details (RFC 9457).',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'mxk_…' } } },
      security: [{ apiKey: [] }],
    },
  });
  await api.register(reference, {
    routePrefix: '/docs',
    configuration: { withDefaultFonts: false, telemetry: false, hideClientButton: true },
  });
}

/** To be called once all routes are there. */
export function serveDescription(api: Api): void {
  api.get('/openapi.json', { schema: { hide: true } }, () => api.swagger());
  api.addHook('onSend', async (request, reply) => {
    if (request.routeOptions.url?.startsWith('/docs') === true) {
      void reply.header('content-security-policy', REFERENCE_POLICY);
    }
  });
}
