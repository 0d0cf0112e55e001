import type { FailureReason } from '@mxflow/domain';

import type { Database, Statements } from './database.ts';
import { liesUnder } from './guarded.ts';
import {
  forgetEntries,
  readQuarantineTerms,
  writeEntries,
  writeHistory,
  type EntryChange,
  type LockedEntry,
  type StoredEntry,
} from './quarantine-entries.ts';
import { lockKnown, NOTHING_KNOWN } from './quarantine-edits.ts';
import { inTransaction } from './transaction.ts';

/** Which errors are to be undone: those that meet all that is given, in a window of time. */
export type UndoQuery = {
  /** The first instant, and the first behind the last. */
  readonly from: Date;
  readonly to: Date;
  /** A site, a provider or the resolver: see {@link RESOLVER_SITE}. */
  readonly siteId?: number | undefined;
  readonly rule?: string | undefined;
  readonly reason?: FailureReason | undefined;
};

export type UndoReport = {
  /** Addresses put back to where they stood before the first of these errors. */
  readonly restored: number;
  /** Addresses left alone: something else has changed them since. */
  readonly changedSince: number;
  /** Some of those restored. */
  readonly sample: readonly string[];
};

const BATCH = 500;
const SAMPLE = 20;

/**
 * Undoes what errors did: their addresses get back exactly the status and counters that they had before. Addresses that
 * anything else has changed since are passed over. With `dryRun` nothing is changed.
 */
export async function undoQuarantine(
  database: Database,
  query: UndoQuery,
  { actor, dryRun }: { readonly actor: string; readonly dryRun: boolean },
): Promise<UndoReport> {
  let [restored, changedSince, after] = [0, 0, ''];
  const sample: string[] = [];
  for (;;) {
    const page = await inTransaction(database, async (tx) => {
      const found = await findUndoable(tx, query, { after });
      const last = found.at(-1)?.address;
      return { last, rows: dryRun ? found : await undoPage(tx, query, { found, actor }) };
    });
    for (const { address, changed } of page.rows) {
      if (changed) changedSince += 1;
      else restored += 1;
      if (!changed && sample.length < SAMPLE) sample.push(address);
    }
    if (page.last === undefined) return { restored, changedSince, sample };
    after = page.last;
  }
}

type Undoable = {
  readonly address: string;
  /** Something else has changed it since. */
  readonly changed: boolean;
  readonly before: StoredEntry | null;
  /** The changes that are undone, in the history. */
  readonly ids: readonly string[];
};

async function undoPage(
  tx: Statements,
  query: UndoQuery,
  { found, actor }: { found: readonly Undoable[]; actor: string },
): Promise<readonly Undoable[]> {
  if (found.length === 0) return [];
  const addresses = found.map(({ address }) => address);
  const locked = await lockKnown(tx, addresses);
  // What happened until the rows were locked counts too.
  const sure = await findUndoable(tx, query, { after: '', addresses });
  const undone = sure.filter(({ address, changed }) => !changed && locked.has(address));
  const { now } = await readQuarantineTerms(tx);
  const restored = undone.filter(({ before }) => before !== null);
  await writeEntries(
    tx,
    restored.map(({ address, before }) => ({ ...(before ?? NOTHING_KNOWN), address })),
    now,
  );
  await forgetEntries(
    tx,
    undone.filter(({ before }) => before === null).map(({ address }) => address),
  );
  await writeHistory(
    tx,
    undone.map((each) => changeOf(each, locked, actor)),
    now,
  );
  await tx.$executeRawUnsafe(
    `UPDATE quarantine_history h SET undone_by = u.id
     FROM jsonb_to_recordset($1::jsonb) AS d(address text, ids jsonb)
     JOIN LATERAL (SELECT id FROM quarantine_history WHERE address = d.address AND cause = 'undo'
       ORDER BY id DESC LIMIT 1) u ON true
     WHERE h.id IN (SELECT jsonb_array_elements_text(d.ids)::bigint)`,
    JSON.stringify(undone.map(({ address, ids }) => ({ address, ids }))),
  );
  const still = new Set(sure.map(({ address }) => address));
  const gone = found.filter(({ address }) => !still.has(address));
  return [...sure, ...gone.map((each) => ({ ...each, changed: true }))];
}

function changeOf({ address, before }: Undoable, locked: ReadonlyMap<string, LockedEntry>, actor: string): EntryChange {
  const was = locked.get(address) ?? NOTHING_KNOWN;
  const { reason, rule, text, siteId } = was;
  return { address, cause: 'undo', actor, before: was, after: before ?? NOTHING_KNOWN, reason, rule, text, siteId };
}

async function findUndoable(
  tx: Statements,
  { from, to, siteId, rule, reason }: UndoQuery,
  { after, addresses }: { readonly after: string; readonly addresses?: readonly string[] },
): Promise<readonly Undoable[]> {
  return await tx.$queryRawUnsafe<Undoable[]>(
    FIND,
    from,
    to,
    siteId ?? null,
    rule ?? null,
    reason ?? null,
    after,
    addresses ?? null,
    addresses === undefined ? BATCH : addresses.length,
  );
}

const FIND = `
  WITH matching AS (
    SELECT h.id, h.address, h.row_before FROM quarantine_history h
    WHERE h.at >= $1::timestamptz AND h.at < $2::timestamptz AND h.cause = 'error' AND h.undone_by IS NULL
      AND ${liesUnder('h', '$3')} AND ($4::text IS NULL OR h.rule = $4)
      AND ($5::text IS NULL OR h.reason = $5) AND h.address > $6::text
      AND ($7::text[] IS NULL OR h.address = ANY ($7::text[]))
  ), page AS (
    SELECT address, min(id) AS first, array_agg(id) AS ids FROM matching GROUP BY address
    ORDER BY address LIMIT $8::int
  )
  SELECT p.address, (SELECT m.row_before FROM matching m WHERE m.id = p.first) AS before,
    to_jsonb(p.ids::text[]) AS ids,
    EXISTS (SELECT FROM quarantine_history later
      WHERE later.address = p.address AND later.id > p.first AND later.id <> ALL (p.ids)) AS changed
  FROM page p ORDER BY p.address`;
