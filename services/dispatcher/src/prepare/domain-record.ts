import type { ResolvedDomain } from '@mxflow/db';
import { siteKey, type MxResolution } from '@mxflow/domain';

import { providerOf } from './provider.ts';

/** Seconds until a domain is resolved again, by what DNS said. Workers see an earlier change and report it. */
const VALID_SECONDS = {
  hosts: 3600,
  implicit: 3600,
  'null-mx': 600,
  'no-such-domain': 600,
  'temporary-failure': 60,
} as const satisfies Record<MxResolution['kind'], number>;

/**
 * What is stored about a domain; `undefined` where it stays as it is: name servers that do not answer move nobody away
 * from a site that was known. A domain never resolved waits on a site of its own until they do.
 */
export function domainRecord(
  domain: string,
  resolution: MxResolution,
  { isKnown }: { readonly isKnown: boolean },
): ResolvedDomain | undefined {
  if (resolution.kind === 'temporary-failure' && isKnown) return undefined;
  const { kind } = resolution;
  const key = siteKey(domain, resolution);
  return {
    domain,
    siteKey: key,
    provider: providerOf(domain, key),
    resolution: kind,
    validSeconds: VALID_SECONDS[kind],
  };
}
