import { PublicKeys, RuleSetDocument } from '@mxflow/contracts';

import type { HubParts } from './hub-api.ts';

/** What everybody may know. */
export function addOpenRoutes({ api, keys }: HubParts): void {
  const tags = ['open'];
  api.route({
    method: 'GET',
    url: '/v1/public-keys',
    schema: { tags, summary: 'The keys that sign rule sets', security: [], response: { 200: PublicKeys } },
    handler: () => ({ keys: keys.map(({ kid, publicKey }) => ({ kid, publicKey })) }),
  });
  const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...RuleSetDocument };
  api.route({
    method: 'GET',
    url: '/v1/rule-set.schema.json',
    schema: { tags, summary: 'The JSON Schema of a rule set', security: [] },
    handler: (_request, reply) => reply.type('application/schema+json').send(JSON.stringify(schema)),
  });
}
