import { blockSite, listFailingSites, readRuleSet, type CountedSite, type Database } from '@mxflow/db';
import {
  bestHostOf,
  DEFAULT_SITE_BLOCK,
  firstMatchAnySource,
  isToBeBlocked,
  type MxRule,
  type SiteBlock,
} from '@mxflow/domain';

/** Blocks sites at which too large a share of the messages fails. */
export type SiteGuard = {
  /** Looks at the sites where something failed of late, over all workers. */
  look(): Promise<void>;
};

export type GuardEvents = {
  siteBlocked(site: CountedSite, block: SiteBlock): void;
};

export function createSiteGuard(database: Database, events: GuardEvents): SiteGuard {
  return {
    look: async () => {
      const sites = await listFailingSites(database);
      const suspects = sites.filter(({ messages, failures }) => failures > 0 && messages >= FEWEST);
      if (suspects.length === 0) return;
      const { rules } = await readRuleSet(database);
      for (const site of suspects) {
        const block = blockOf(rules, site.key);
        if (!isToBeBlocked(site, block)) continue;
        const because = `${site.failures} of ${site.messages} messages failed within an hour`;
        const { siteId } = site;
        if (await blockSite(database, { siteId, hours: block.hours, because })) events.siteBlocked(site, block);
      }
    },
  };
}

/** No rule is asked for a site with fewer: a rule may ask for less than the default, but hardly for less than this. */
const FEWEST = 10;

/** The figures of the rule of the site's best host. */
function blockOf(rules: readonly MxRule[], key: string): SiteBlock {
  const host = bestHostOf(key);
  return (host === undefined ? undefined : firstMatchAnySource(rules, host).block) ?? DEFAULT_SITE_BLOCK;
}
