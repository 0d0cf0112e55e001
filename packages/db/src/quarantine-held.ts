import type { FailureDetail, FailureReason, FailureType } from '@mxflow/domain';

import type { Database } from './database.ts';
import { liesUnder, sitesUnder } from './guarded.ts';
import { readQuarantineTerms } from './quarantine-entries.ts';
import { applyEvents, type AddressEvent } from './quarantine-events.ts';
import { inTransaction } from './transaction.ts';

/** An error that the guard has kept from quarantining its address. */
export type HeldError = {
  readonly id: string;
  /** 0: the resolver. */
  readonly siteId: number;
  readonly address: string;
  readonly at: Date;
  readonly reason: FailureReason;
  readonly type: FailureType;
  readonly detail: FailureDetail | null;
  readonly rule: string | null;
  readonly text: string | null;
  readonly messageId: string;
  readonly attempt: number;
};

/** Which of the held errors: those that meet all that is given. */
export type HeldQuery = {
  /** A site, a provider or the resolver: see {@link RESOLVER_SITE}. */
  readonly siteId?: number | undefined;
  readonly reason?: FailureReason | undefined;
  readonly rule?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
};

const COLUMNS = `h.id::text AS id, h.site_id AS "siteId", h.address, h.at, h.reason, h.type, h.detail, h.rule, h.text,
  h.message_id::text AS "messageId", h.attempt`;

const MATCHES = `${liesUnder('h', '$1')} AND ($2::text IS NULL OR h.reason = $2)
  AND ($3::text IS NULL OR h.rule = $3) AND ($4::timestamptz IS NULL OR h.at >= $4)
  AND ($5::timestamptz IS NULL OR h.at < $5)`;

function argumentsOf({ siteId, reason, rule, from, to }: HeldQuery): readonly unknown[] {
  return [siteId ?? null, reason ?? null, rule ?? null, from ?? null, to ?? null];
}

/** A page of held errors by id; `after` is the last id of the page before. */
export async function listHeld(
  database: Database,
  query: HeldQuery,
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<readonly HeldError[]> {
  return await database.client.$queryRawUnsafe<HeldError[]>(
    `SELECT ${COLUMNS} FROM guard_held h WHERE ${MATCHES} AND h.id > $6::bigint ORDER BY h.id LIMIT $7::int`,
    ...argumentsOf(query),
    after ?? '0',
    limit,
  );
}

/** A site or a provider at which the guard holds errors back, or has some left. */
export type GuardedSite = {
  readonly siteId: number;
  /** Its MX hosts; `null` for a provider as a whole, and for the resolver. */
  readonly key: string | null;
  /** Its provider, or the one that this is. */
  readonly provider: string | null;
  readonly alarmedAt: Date | null;
  readonly held: number;
};

/** Sites and providers that the guard has something of, those in alarm first, a provider before its sites. */
export async function listGuardedSites(database: Database): Promise<readonly GuardedSite[]> {
  return await database.client.$queryRawUnsafe<GuardedSite[]>(
    `SELECT g.site_id AS "siteId", s.key, p.name AS provider, g.alarmed_at AS "alarmedAt", errors.held
     FROM guard_sites g LEFT JOIN sites s ON s.id = g.site_id
     LEFT JOIN providers p ON p.id IN (g.site_id, s.provider_id)
     CROSS JOIN LATERAL (
       SELECT count(*)::int AS held FROM guard_held h WHERE h.site_id = ANY ${sitesUnder('g.site_id')}
     ) errors
     WHERE g.alarmed_at IS NOT NULL OR errors.held > 0
     ORDER BY g.alarmed_at IS NULL, s.key IS NOT NULL, g.alarmed_at DESC, g.site_id LIMIT 1000`,
  );
}

const BATCH = 500;

/** Lets held errors have their effect after all; answers how many. With `dryRun` it only counts them. */
export async function applyHeld(
  database: Database,
  query: HeldQuery,
  { dryRun }: { readonly dryRun: boolean },
): Promise<number> {
  if (dryRun) return await countHeld(database, query);
  let applied = 0;
  for (;;) {
    const taken = await inTransaction(database, async (tx) => {
      const held = await tx.$queryRawUnsafe<HeldError[]>(
        `WITH batch AS (SELECT h.id FROM guard_held h WHERE ${MATCHES} ORDER BY h.id LIMIT $6::int FOR UPDATE SKIP LOCKED)
         DELETE FROM guard_held h USING batch WHERE h.id = batch.id RETURNING ${COLUMNS}`,
        ...argumentsOf(query),
        BATCH,
      );
      const terms = await readQuarantineTerms(tx);
      await applyEvents(tx, held.map(eventOf), { ...terms, from: 'reply', messages: new Map(), unguarded: true });
      return held.length;
    });
    applied += taken;
    if (taken < BATCH) return applied;
  }
}

function eventOf({ reason, type, detail, rule, text, siteId, ...held }: HeldError): AddressEvent {
  return {
    ...held,
    event: { kind: 'error', reason, type, detail: detail ?? undefined },
    siteId: siteId === 0 ? null : siteId,
    rule: rule ?? undefined,
    text: text ?? undefined,
  };
}

/** Drops held errors; answers how many. With `dryRun` it only counts them. */
export async function dropHeld(
  database: Database,
  query: HeldQuery,
  { dryRun }: { readonly dryRun: boolean },
): Promise<number> {
  if (dryRun) return await countHeld(database, query);
  return await database.client.$executeRawUnsafe(`DELETE FROM guard_held h WHERE ${MATCHES}`, ...argumentsOf(query));
}

async function countHeld(database: Database, query: HeldQuery): Promise<number> {
  const [row] = await database.client.$queryRawUnsafe<{ held: number }[]>(
    `SELECT count(*)::int AS held FROM guard_held h WHERE ${MATCHES}`,
    ...argumentsOf(query),
  );
  return row?.held ?? 0;
}

export type GuardCounts = { readonly alarmedSites: number; readonly held: number };

/** Sites and providers at which errors are held back, and errors that wait for a person. */
export async function countGuard(database: Database): Promise<GuardCounts> {
  const [row] = await database.client.$queryRawUnsafe<GuardCounts[]>(
    `SELECT (SELECT count(*) FROM guard_sites WHERE alarmed_at IS NOT NULL)::int AS "alarmedSites",
       (SELECT count(*) FROM guard_held)::int AS held`,
  );
  return row ?? { alarmedSites: 0, held: 0 };
}
