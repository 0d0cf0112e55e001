import { bestHostOf } from '@mxflow/domain';
import { getDomain } from 'tldts';

/**
 * The provider of a site, as a domain of it shows: the registrable domain (one label below a public suffix) of a host of
 * best preference. A provider may give each customer hosts of its own, and so a site.
 *
 * `undefined` where nobody but the domain itself is to be seen: its hosts lie under it, or it has none.
 */
export function providerOf(domain: string, siteKey: string): string | undefined {
  const host = bestHostOf(siteKey);
  if (host === undefined || `.${host}`.endsWith(`.${domain}`)) return undefined;
  return getDomain(host) ?? undefined;
}
