import type { QuarantineFilterQuery } from '@mxflow/contracts';
import { findDomainSite, findProvider, RESOLVER_SITE, type Database, type QuarantineFilter } from '@mxflow/db';
import { ProblemError } from '@mxflow/http-api';

import { toAscii } from './to-ascii.ts';

/** The filter that a request asks for. */
export async function filterOf(
  database: Database,
  { site, provider, domain, from, to, ...same }: QuarantineFilterQuery,
): Promise<QuarantineFilter> {
  return {
    ...same,
    ...window({ from, to }),
    ...(domain === undefined ? {} : { domain: toAscii(domain) ?? domain }),
    siteId: await numberOf(database, { site, provider }),
  };
}

/** A window of time; its end comes after its beginning. */
export function window({ from, to }: { readonly from?: string | undefined; readonly to?: string | undefined }): {
  readonly from?: Date;
  readonly to?: Date;
} {
  if (from !== undefined && to !== undefined && Date.parse(from) >= Date.parse(to)) {
    const fault = { pointer: '/to', expected: `an instant behind ${from}`, found: to };
    throw new ProblemError('invalid', { faults: [fault] });
  }
  return {
    ...(from === undefined ? {} : { from: new Date(from) }),
    ...(to === undefined ? {} : { to: new Date(to) }),
  };
}

/** The number under which a site or a provider goes; `undefined` where neither is asked for. */
async function numberOf(
  database: Database,
  { site, provider }: { readonly site: string | undefined; readonly provider: string | undefined },
): Promise<number | undefined> {
  if (provider === undefined) return site === undefined ? undefined : await siteIdOf(database, site);
  if (site !== undefined) {
    const fault = { pointer: '/provider', expected: 'a site or a provider, not both', found: provider };
    throw new ProblemError('invalid', { faults: [fault] });
  }
  const found = await findProvider(database, provider);
  if (found !== undefined) return found;
  throw new ProblemError('not-found', { detail: `no domain with MX hosts under ${provider} was resolved yet` });
}

/** A site by its number, or by one of its domains. */
async function siteIdOf(database: Database, site: string): Promise<number> {
  if (/^\d+$/.test(site)) return Number(site);
  if (site === 'resolver') return RESOLVER_SITE;
  const found = await findDomainSite(database, toAscii(site) ?? site);
  if (found !== undefined) return found.siteId;
  throw new ProblemError('not-found', { detail: `no message was sent to ${site} yet` });
}
