import {
  listLiveSources,
  readRuleSet,
  readSourceStandings,
  type Database,
  type LiveSource,
  type RuleSet,
  type SiteFacts,
  type SourceStanding,
} from '@mxflow/db';
import { bestHostOf, firstMatch, groupKey, type Place, type SourceRoom, type Why } from '@mxflow/domain';

/** Reads what holds for sites in pools, for one answer. */
export type Places = (site: SiteFacts, pool: string) => Promise<Place>;

export async function openPlaces(database: Database): Promise<Places> {
  const [ruleSet, liveSources] = await Promise.all([readRuleSet(database), listLiveSources(database)]);
  return async (site, pool) => {
    const pairs = pairsOf(site, pool, { ruleSet, liveSources });
    const standings = pairs.length === 0 ? [] : await readSourceStandings(database, pairs);
    return { pool, sources: standings.map((standing) => roomOf(standing, Date.now())), ...restOf(site) };
  };
}

type Terms = { readonly ruleSet: RuleSet; readonly liveSources: readonly LiveSource[] };

function pairsOf({ siteId, key }: SiteFacts, pool: string, { ruleSet, liveSources }: Terms) {
  const host = bestHostOf(key) ?? '';
  const ids = new Set(liveSources.filter(({ pools }) => pools.includes(pool)).map(({ publicId }) => publicId));
  return [...ids].map((publicId) => ({
    publicId,
    groupKey: groupKey(firstMatch(ruleSet.rules, host, publicId), siteId),
  }));
}

function restOf({ blockedUntil, blockKind, blockReason }: SiteFacts): Pick<Place, 'rest'> {
  if (blockedUntil === null) return {};
  const reason = blockReason === null ? {} : { reason: blockReason };
  return { rest: { kind: blockKind ?? 'back-off', until: blockedUntil.getTime(), ...reason } };
}

function roomOf(standing: SourceStanding, now: number): SourceRoom {
  const { publicId, suspendedUntil, reason, lastReply } = standing;
  const full = fullOf(standing, now);
  return {
    publicId,
    ...(suspendedUntil === null ? {} : { suspendedUntil: suspendedUntil.getTime() }),
    ...(reason === null ? {} : { holdReason: reason }),
    ...(lastReply === null ? {} : { holdReply: lastReply }),
    ...(full === undefined ? {} : { full }),
  };
}

/** Of several scopes all must be full: mail goes where there is room. */
function fullOf(standing: SourceStanding, now: number): SourceRoom['full'] {
  const { scopes, rateUsed, connectionsFull, slotsUsed, maxConnections, messagesPerHour, tokenInSeconds } = standing;
  if (scopes === 0) return undefined;
  if (rateUsed === scopes) {
    const nextAt = tokenInSeconds === null ? {} : { nextAt: now + Math.max(0, tokenInSeconds) * 1000 };
    return { kind: 'rate', detail: `${messagesPerHour} messages an hour are used up`, ...nextAt };
  }
  if (connectionsFull < scopes) return undefined;
  return { kind: 'connections', detail: `${slotsUsed} of ${maxConnections} connections are open` };
}

/** The answer as callers get it. */
export function viewWhy({ constraint, detail, nextAt, lastReply }: Why) {
  return {
    constraint,
    detail,
    ...(nextAt === undefined ? {} : { nextAt: new Date(nextAt).toISOString() }),
    ...(lastReply === undefined ? {} : { lastReply }),
  };
}
