import {
  deleteGoneLane,
  listLanes,
  listLiveSources,
  listUndecidedSites,
  moveMisplacedWork,
  readRuleSet,
  readRulesVersion,
  saveSiteRules,
  type Database,
  type Lane,
} from '@mxflow/db';
import { ANY_RULE_ID, bestHostOf, firstMatchAnySource } from '@mxflow/domain';
import type { Messaging } from '@mxflow/messaging';

import type { FeedEvents } from '../events.ts';
import { laneWindow, type FeedTerms } from './lane-window.ts';

/** The rules as this process knows them, and what they mean for lanes. */
export type LaneTerms = {
  /** Decides by which rule the messages of sites go that the rules in force have not been asked about. */
  decideSites(): Promise<void>;
  /** Reads anew what windows depend on, and notes pools that nobody can send for. */
  refresh(): Promise<void>;
  windowOf(lane: Lane): number;
  /** Moves work to where it belongs and deletes lanes whose rule is gone. `false`: nothing was left to do. */
  tidy(laneIds: readonly number[]): Promise<boolean>;
};

export type LaneTermsOptions = {
  readonly database: Database;
  readonly messaging: Pick<Messaging, 'deleteLane'>;
  readonly events: FeedEvents;
  readonly longestWindow: number;
};

const SITES = 2000;
const MOVED_AT_ONCE = 5000;

export function createLaneTerms({ database, messaging, events, longestWindow }: LaneTermsOptions): LaneTerms {
  let terms: FeedTerms | undefined;

  const currentRules = async () => {
    const version = await readRulesVersion(database);
    if (terms?.ruleSet.version === version) return terms.ruleSet;
    const ruleSet = await readRuleSet(database);
    terms = { ruleSet, liveSources: terms?.liveSources ?? [] };
    return ruleSet;
  };

  return {
    decideSites: async () => {
      const { rules, version } = await currentRules();
      for (;;) {
        const sites = await listUndecidedSites(database, version, SITES);
        if (sites.length === 0) return;
        const decided = sites.map(({ siteId, key }) => {
          const host = bestHostOf(key);
          return { siteId, rule: host === undefined ? ANY_RULE_ID : firstMatchAnySource(rules, host).id };
        });
        const changed = await saveSiteRules(database, version, decided);
        if (changed > 0) events.sitesChangedRule(changed);
      }
    },
    refresh: async () => {
      const ruleSet = await currentRules();
      const liveSources = await listLiveSources(database);
      terms = { ruleSet, liveSources };
      const pools = new Set((await listLanes(database)).map(({ pool }) => pool));
      for (const pool of pools) {
        events.poolLooked(
          pool,
          liveSources.some((source) => source.pools.includes(pool)),
        );
      }
    },
    windowOf: (lane) => (terms === undefined ? 0 : laneWindow(terms, lane, longestWindow)),
    tidy: async (laneIds) => {
      const known = new Set((await currentRules()).rules.map(({ id }) => id));
      const lanes = (await listLanes(database)).filter(({ laneId }) => laneIds.includes(laneId));
      let busy = false;
      for (const lane of lanes) {
        const moved = await moveMisplacedWork(database, lane.laneId, MOVED_AT_ONCE);
        if (moved > 0) events.workMoved(lane, moved);
        busy ||= moved > 0;
        if (known.has(lane.rule)) continue;
        busy = true;
        const gone = await deleteGoneLane(database, lane.laneId, () => messaging.deleteLane(lane.laneId));
        if (gone) events.laneDeleted(lane);
      }
      return busy;
    },
  };
}
