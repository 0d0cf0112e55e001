import { readSites, type Database } from '@mxflow/db';

import { gather } from './gather.ts';

/** Answers the key of a site by its id; `undefined` where there is none. */
export type SiteKeys = (siteId: number) => Promise<string | undefined>;

const MAX_SITES = 100_000;
const MAX_BATCH = 500;

/** Keys of sites never change, so that each is read once. */
export function createSiteKeys(database: Database): SiteKeys {
  const known = new Map<number, string>();
  const read = gather<number, string | undefined>(
    async (siteIds) => {
      const sites = await readSites(database, [...new Set(siteIds)]);
      if (known.size > MAX_SITES) known.clear();
      for (const site of sites) known.set(site.siteId, site.key);
      return siteIds.map((siteId) => known.get(siteId));
    },
    { maxBatch: MAX_BATCH },
  );
  return async (siteId) => known.get(siteId) ?? (await read(siteId));
}
