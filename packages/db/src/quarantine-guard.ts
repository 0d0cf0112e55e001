import { isAlarming, passGuard, passMailGuard, shareOut, usualShare, type QuarantineSettings } from '@mxflow/domain';

import type { Statements } from './database.ts';
import { isProvider, RESOLVER_SITE } from './guarded.ts';

/** What one transaction asks the guard. Sites, providers and the resolver have their numbers: see {@link RESOLVER_SITE}. */
export type GuardQuestion = {
  /** Errors that would send an address to quarantine: of a site, or of the resolver. */
  readonly suspects: ReadonlyMap<number, number>;
  /** Messages that this transaction has counted: of a site, of a provider, and all. */
  readonly messages: ReadonlyMap<number, number>;
  readonly settings: QuarantineSettings;
  readonly from: 'reply' | 'mail';
};

export type GuardAnswer = {
  /** How many of the suspects may go on. */
  readonly admitted: ReadonlyMap<number, number>;
  /** Errors are held back here from now on: sites, and providers by name. */
  readonly alarmedSites: readonly number[];
  readonly alarmedProviders: readonly string[];
};

/** A site that is asked about, and its provider. */
type Provided = { readonly siteId: number; readonly providerId: number; readonly provider: string };

type GuardRow = {
  readonly id: number;
  readonly level: number;
  readonly share: number;
  readonly elapsedHours: number;
  readonly seenMessages: number;
  readonly sameHour: boolean;
  readonly alarmed: boolean;
};

/** How far back a history of its own reaches. */
const HISTORY_DAYS = 30;

/**
 * Asks the guard how many addresses may go to quarantine: of each site as many as its own guard lets through, and of all
 * sites of a provider together no more than the provider's. The rows of both stay locked until the end of the transaction,
 * in the one order of their numbers, so that all replicas together admit no more.
 */
export async function askGuard(tx: Statements, question: GuardQuestion): Promise<GuardAnswer> {
  if (question.suspects.size === 0) return { admitted: new Map(), alarmedSites: [], alarmedProviders: [] };
  const provided = await makeRows(tx, [...question.suspects.keys()]);
  const suspects = new Map(question.suspects);
  for (const { siteId, providerId } of provided) {
    suspects.set(providerId, (suspects.get(providerId) ?? 0) + (question.suspects.get(siteId) ?? 0));
  }
  const rows = await lockRows(tx, [...suspects.keys()]);
  const counted = await countMessages(tx, rows, question.from);
  const decisions = [...suspects].map(([id, count]) => {
    const [row, seen] = [rows.get(id), counted.get(id)];
    if (row === undefined || seen === undefined) throw new Error(`expected a guard of number ${id}`);
    return decide({ suspects: count, messages: question.messages.get(id) ?? 0 }, { row, seen, ...question });
  });
  const effects = throughBoth(decisions, provided).map((through) => effectOf(through, question));
  await tx.$executeRawUnsafe(SETTLE, JSON.stringify(effects.map(({ write }) => write)));
  const alarmed = effects.filter(({ begins }) => begins).map(({ id }) => id);
  const names = new Map(provided.map(({ providerId, provider }) => [providerId, provider]));
  return {
    admitted: new Map(effects.map(({ id, admitted }) => [id, admitted])),
    alarmedSites: alarmed.filter((id) => !names.has(id)),
    alarmedProviders: alarmed.flatMap((id) => names.get(id) ?? []),
  };
}

/** Messages: of this hour, of the last 24, and in the history; and addresses that went to quarantine. */
type Counted = {
  readonly id: number;
  readonly thisHour: number;
  readonly day: number;
  readonly quarantinedToday: number;
  /** By mail, of this hour and the one before. */
  readonly mailedLately: number;
  readonly history: number;
  readonly quarantinedBefore: number;
};

/** What a guard lets through, and whether it holds anything back. */
type Decision = {
  readonly id: number;
  readonly suspects: number;
  readonly admitted: number;
  readonly holds: boolean;
  readonly level: number;
  readonly share: number;
  readonly seenMessages: number;
  readonly wasAlarmed: boolean;
};

/** What a guard says for itself. */
function decide(
  { suspects, messages }: { readonly suspects: number; readonly messages: number },
  world: { row: GuardRow; seen: Counted; settings: QuarantineSettings; from: 'reply' | 'mail' },
): Decision {
  const { row, seen, settings, from } = world;
  const { id, level, elapsedHours, alarmed: wasAlarmed } = row;
  const share = row.sameHour
    ? row.share
    : usualShare({ messages: seen.history, quarantined: seen.quarantinedBefore }, settings);
  const terms = { guardAddresses: settings.guardAddresses, share };
  const elapsedMessages = Math.max(0, seen.thisHour - (row.sameHour ? row.seenMessages : 0) - messages);
  const { day, quarantinedToday: quarantined, mailedLately } = seen;
  const passed =
    from === 'reply'
      ? passGuard({ level, elapsedMessages, elapsedHours, messages, suspects }, terms)
      : { admitted: passMailGuard({ messages: day, quarantined, mailedLately, suspects }, terms), level };
  const holds = passed.admitted < suspects;
  return { id, suspects, holds, share, seenMessages: seen.thisHour, wasAlarmed, ...passed };
}

/** What goes on when sites and their providers have spoken. A provider is asked about what its sites have let through. */
function throughBoth(decisions: readonly Decision[], provided: readonly Provided[]): readonly Decision[] {
  const through = new Map(decisions.map((decision) => [decision.id, decision]));
  for (const [providerId, group] of Map.groupBy(provided, (site) => site.providerId)) {
    const sites = group.flatMap(({ siteId }) => through.get(siteId) ?? []);
    const provider = through.get(providerId);
    if (provider === undefined) throw new Error(`expected a decision about the provider of number ${providerId}`);
    const wanted = sites.map(({ admitted }) => admitted);
    const shares = shareOut(provider.admitted, wanted);
    for (const [n, site] of sites.entries()) through.set(site.id, { ...site, admitted: shares[n] ?? 0 });
    through.set(providerId, { ...provider, admitted: sum(shares), holds: sum(shares) < sum(wanted) });
  }
  return [...through.values()];
}

function effectOf(
  { id, suspects, admitted, holds, level, share, seenMessages, wasAlarmed }: Decision,
  { settings, from }: GuardQuestion,
): { readonly id: number; readonly admitted: number; readonly begins: boolean; readonly write: object } {
  const alarmed = holds || (wasAlarmed && isAlarming(level, settings));
  const write = {
    site_id: id,
    level,
    seen: from === 'reply',
    seen_messages: seenMessages,
    share,
    alarmed,
    suspects,
    quarantined: admitted,
    mailed: from === 'mail' ? admitted : 0,
  };
  return { id, admitted, begins: alarmed && !wasAlarmed, write };
}

function sum(figures: readonly number[]): number {
  return figures.reduce((all, each) => all + each, 0);
}

/** Makes rows for sites, and for their providers; answers which site has which provider. */
async function makeRows(tx: Statements, sites: readonly number[]): Promise<readonly Provided[]> {
  return await tx.$queryRawUnsafe<Provided[]>(
    `WITH provided AS (
       SELECT s.id AS site_id, p.id AS provider_id, p.name FROM sites s JOIN providers p ON p.id = s.provider_id
       WHERE s.id = ANY ($1::int[])
     ), made AS (
       INSERT INTO guard_sites (site_id) SELECT unnest($1::int[]) UNION SELECT provider_id FROM provided
       ORDER BY 1 ON CONFLICT DO NOTHING
     )
     SELECT site_id AS "siteId", provider_id AS "providerId", name AS provider FROM provided ORDER BY site_id`,
    sites,
  );
}

async function lockRows(tx: Statements, ids: readonly number[]): Promise<ReadonlyMap<number, GuardRow>> {
  const rows = await tx.$queryRawUnsafe<GuardRow[]>(
    `SELECT site_id AS id, level, share, seen_messages::float8 AS "seenMessages", alarmed_at IS NOT NULL AS alarmed,
       CASE WHEN seen_at = '-infinity' THEN 1e9
         ELSE greatest(0, extract(epoch FROM mxflow_now() - seen_at) / 3600) END::float8 AS "elapsedHours",
       date_trunc('hour', seen_at) = date_trunc('hour', mxflow_now()) AS "sameHour"
     FROM guard_sites WHERE site_id = ANY ($1::int[]) ORDER BY site_id FOR UPDATE`,
    ids,
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** A history is summed once an hour: whenever its share is to be worked out anew. */
async function countMessages(
  tx: Statements,
  rows: ReadonlyMap<number, GuardRow>,
  from: 'reply' | 'mail',
): Promise<ReadonlyMap<number, Counted>> {
  const wanted = [...rows.values()].map(({ id, sameHour }) => ({
    site_id: id,
    back: sameHour ? (from === 'mail' ? 1 : 0) : HISTORY_DAYS,
  }));
  const counted = await tx.$queryRawUnsafe<Counted[]>(COUNT, JSON.stringify(wanted));
  return new Map(counted.map((row) => [row.id, row]));
}

const COUNT = `
  WITH clock AS (SELECT now, date_trunc('hour', now) AS hour FROM (SELECT mxflow_now() AS now) c)
  SELECT w.site_id AS id, m.*, e.*
  FROM jsonb_to_recordset($1::jsonb) AS w(site_id int, back int) CROSS JOIN clock c
  CROSS JOIN LATERAL (
    SELECT coalesce(sum(h.messages) FILTER (WHERE h.hour = c.hour), 0)::float8 AS "thisHour",
      coalesce(sum(h.messages) FILTER (WHERE h.hour > c.hour - interval '24 hours'), 0)::float8 AS day,
      coalesce(sum(h.messages) FILTER (WHERE h.hour < c.hour), 0)::float8 AS history
    FROM (
      SELECT own.hour, own.messages FROM guard_hours own WHERE own.site_id = w.site_id
      UNION ALL SELECT every.hour, every.messages FROM guard_hours every
      WHERE w.site_id = ${RESOLVER_SITE} AND NOT ${isProvider('every.site_id')}
    ) h WHERE h.hour >= c.hour - w.back * interval '1 day'
  ) m CROSS JOIN LATERAL (
    SELECT coalesce(sum(h.quarantined) FILTER (WHERE h.hour > c.hour - interval '24 hours'), 0)::float8
        AS "quarantinedToday",
      coalesce(sum(h.mailed) FILTER (WHERE h.hour >= c.hour - interval '1 hour'), 0)::float8 AS "mailedLately",
      coalesce(sum(h.quarantined) FILTER (WHERE h.hour < c.hour), 0)::float8 AS "quarantinedBefore"
    FROM guard_effects h WHERE h.site_id = w.site_id AND h.hour >= c.hour - w.back * interval '1 day'
  ) e`;

const SETTLE = `
  WITH clock AS (SELECT mxflow_now() AS now), answer AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS a(site_id int, level float8, seen boolean, seen_messages bigint,
      share float8, alarmed boolean, suspects int, quarantined int, mailed int)
  ), counted AS (
    INSERT INTO guard_effects AS h (site_id, hour, suspects, quarantined, mailed)
    SELECT site_id, date_trunc('hour', now), suspects, quarantined, mailed FROM answer CROSS JOIN clock ORDER BY site_id
    ON CONFLICT (site_id, hour) DO UPDATE SET suspects = h.suspects + excluded.suspects,
      quarantined = h.quarantined + excluded.quarantined, mailed = h.mailed + excluded.mailed
  )
  UPDATE guard_sites g SET level = a.level, share = a.share, seen_at = CASE WHEN a.seen THEN now ELSE g.seen_at END,
    seen_messages = CASE WHEN a.seen THEN a.seen_messages ELSE g.seen_messages END,
    alarmed_at = CASE WHEN a.alarmed THEN coalesce(g.alarmed_at, now) END
  FROM answer a CROSS JOIN clock WHERE g.site_id = a.site_id`;
