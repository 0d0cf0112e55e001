import type { QuarantineFilterQuery } from '@mxflow/contracts';
import { findDomainSite, type Database, type QuarantineFilter } from '@mxflow/db';
import { ProblemError } from '@mxflow/http-api';

import { toAscii } from './to-ascii.ts';

/** The filter that a request asks for. */
export async function filterOf(
  database: Database,
  { site, domain, from, to, ...same }: QuarantineFilterQuery,
): Promise<QuarantineFilter> {
  return {
    ...same,
    ...window({ from, to }),
    ...(domain === undefined ? {} : { domain: toAscii(domain) ?? domain }),
    ...(site === undefined ? {} : { siteId: await siteIdOf(database, site) }),
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

/** The site of domains that do not exist: nobody's hosts, our resolver. */
const RESOLVER = 0;

/** A site by its number, or by one of its domains. */
export async function siteIdOf(database: Database, site: string): Promise<number> {
  if (/^\d+$/.test(site)) return Number(site);
  if (site === 'resolver') return RESOLVER;
  const found = await findDomainSite(database, toAscii(site) ?? site);
  if (found !== undefined) return found.siteId;
  throw new ProblemError('not-found', { detail: `no message was sent to ${site} yet` });
}
