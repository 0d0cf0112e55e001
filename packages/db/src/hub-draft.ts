import type { Database, Statements } from './database.ts';
import { insertHubVersion, newestHubVersion, type DocumentWriter, type HubVersionHead } from './hub-versions.ts';
import { inTransaction } from './transaction.ts';

/** The rule set that is worked on. */
export type HubDraft = {
  /** JSON, as an editor wrote it. */
  readonly content: string;
  readonly revision: number;
  /** The version that it began as. */
  readonly basedOn: number;
  readonly changedAt: Date;
  /** The name of the key that changed it. */
  readonly changedBy: string;
};

const READ = `SELECT content, revision::float8 AS revision, based_on AS "basedOn", changed_at AS "changedAt",
  changed_by AS "changedBy" FROM hub_draft`;

export async function readHubDraft(on: Statements): Promise<HubDraft> {
  return expectDraft(await on.$queryRawUnsafe<HubDraft[]>(READ));
}

/** The revision at hand is not the one that the caller has seen. */
export type RevisionGone = { readonly kind: 'other-revision'; readonly revision: number };

export type HubDraftEdit<Refusal> =
  | { readonly kind: 'edited'; readonly revision: number }
  | RevisionGone
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * Changes the draft in one transaction; editors wait for each other.
 *
 * @param revision that the caller has seen; `undefined`: any.
 * @param change makes the new content of the old one, or says why it does not.
 */
export async function editHubDraft<Refusal>(
  database: Database,
  {
    revision,
    by,
    change,
  }: {
    readonly revision: number | undefined;
    readonly by: string;
    readonly change: (
      content: string,
    ) =>
      | { readonly kind: 'content'; readonly content: string }
      | { readonly kind: 'refused'; readonly refusal: Refusal };
  },
): Promise<HubDraftEdit<Refusal>> {
  return await inTransaction(database, async (tx) => {
    const draft = await lockDraft(tx);
    if (revision !== undefined && revision !== draft.revision) {
      return { kind: 'other-revision', revision: draft.revision };
    }
    const changed = change(draft.content);
    if (changed.kind === 'refused') return changed;
    await tx.$executeRawUnsafe(
      `UPDATE hub_draft SET content = $1, revision = revision + 1, changed_at = mxflow_now(), changed_by = $2`,
      changed.content,
      by,
    );
    return { kind: 'edited', revision: draft.revision + 1 };
  });
}

/** Makes the draft a version again, the newest where none is named; undefined where there is no such version. */
export async function resetHubDraft(
  database: Database,
  order: {
    readonly by: string;
    readonly version: number | undefined;
    readonly contentOf: (document: string) => string;
  },
): Promise<number | undefined> {
  return await inTransaction(database, async (tx) => {
    const { revision } = await lockDraft(tx);
    const [wanted] = await tx.$queryRawUnsafe<{ version: number; document: string }[]>(
      `SELECT version, document FROM hub_versions WHERE $1::int IS NULL OR version = $1::int ORDER BY version DESC LIMIT 1`,
      order.version ?? null,
    );
    if (wanted === undefined) return undefined;
    await tx.$executeRawUnsafe(
      `UPDATE hub_draft SET content = $1, based_on = $2::int, revision = revision + 1, changed_at = mxflow_now(),
         changed_by = $3`,
      order.contentOf(wanted.document),
      wanted.version,
      order.by,
    );
    return revision + 1;
  });
}

/** Publishes the draft at a revision as the next version, in one transaction: there is a version with all it is, or none. */
export async function publishHubDraft(
  database: Database,
  order: { readonly revision: number; readonly note: string; readonly by: string; readonly write: DocumentWriter },
): Promise<{ readonly kind: 'published'; readonly head: HubVersionHead } | RevisionGone> {
  return await inTransaction(database, async (tx) => {
    const { revision } = await lockDraft(tx);
    if (revision !== order.revision) return { kind: 'other-revision', revision };
    const { note, by, write } = order;
    const head = await insertHubVersion(tx, { version: (await newestHubVersion(tx)) + 1, note, by, write });
    // Who published the same revision at the same time finds another one.
    await tx.$executeRawUnsafe(`UPDATE hub_draft SET based_on = $1::int, revision = revision + 1`, head.version);
    return { kind: 'published', head };
  });
}

async function lockDraft(tx: Statements): Promise<HubDraft> {
  return expectDraft(await tx.$queryRawUnsafe<HubDraft[]>(`${READ} FOR UPDATE`));
}

function expectDraft([draft]: readonly HubDraft[]): HubDraft {
  if (draft === undefined) throw new Error('expected the draft, found none: the hub was never founded');
  return draft;
}
