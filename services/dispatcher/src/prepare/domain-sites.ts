import { findDomains, moveDomainWork, saveDomains, type Database, type DomainSite } from '@mxflow/db';

import type { PrepareEvents } from '../events.ts';
import { domainRecord } from './domain-record.ts';
import { resolveOnce, type ResolveMx } from './resolve-once.ts';

export type DomainSites = {
  /** The site of each domain; those not known, or not any more, are resolved. */
  sitesOf(domains: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Resolves domains whatever is known, and moves their waiting messages to where they belong now. */
  follow(moved: readonly DomainSite[]): Promise<void>;
};

export type DomainSitesOptions = {
  readonly database: Database;
  readonly resolveMx: ResolveMx;
  /** Questions to DNS open at once. */
  readonly concurrency: number;
  readonly events: PrepareEvents;
};

export function createDomainSites({ database, resolveMx, concurrency, events }: DomainSitesOptions): DomainSites {
  const resolve = resolveOnce(resolveMx, concurrency);

  /** The sites as they are now, of those domains of which DNS said something. */
  const renew = async (domains: readonly string[], known: ReadonlyMap<string, DomainSite>) => {
    const records = await Promise.all(
      domains.map(async (domain) => domainRecord(domain, await resolve(domain), { isKnown: known.has(domain) })),
    );
    const told = records.filter((record) => record !== undefined);
    return told.length === 0 ? [] : await saveDomains(database, told);
  };

  const move = async (moves: readonly { domain: string; siteId: number }[]): Promise<void> => {
    if (moves.length === 0) return;
    events.domainsMoved(moves.length, await moveDomainWork(database, moves));
  };

  return {
    sitesOf: async (domains) => {
      const known = byDomain(await findDomains(database, domains));
      const stale = domains.filter((domain) => known.get(domain)?.expired ?? true);
      const renewed = await renew(stale, known);
      await move(
        renewed.filter(({ domain, siteId }) => {
          const before = known.get(domain);
          return before !== undefined && before.siteId !== siteId;
        }),
      );
      const sites = [...known.values(), ...renewed];
      return new Map(sites.map(({ domain, siteId }) => [domain, siteId]));
    },
    follow: async (moved) => {
      const known = byDomain(moved);
      await move(await renew([...known.keys()], known));
    },
  };
}

function byDomain(sites: readonly DomainSite[]): ReadonlyMap<string, DomainSite> {
  return new Map(sites.map((site) => [site.domain, site]));
}
