import { createResolver } from '@mxflow/resolver';

import type { ApiParts } from './api.ts';

/** Asks DNS where a domain's mail goes: the name servers given, or those of the machine. */
export function createMxLookup(servers: readonly string[]): ApiParts['resolveMx'] {
  const resolver = createResolver(servers.length === 0 ? {} : { servers: [...servers] });
  return (domain) => resolver.mx(domain);
}
