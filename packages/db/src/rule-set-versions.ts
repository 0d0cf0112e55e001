import type { Database, Statements } from './database.ts';

/** Rule sets that are kept for a rollback, besides those that are in force, pinned or the newest. */
const KEPT = 30;

/** A rule set that this instance has pulled. */
export type StoredVersion = {
  readonly version: number;
  readonly source: string;
  readonly fetchedAt: Date;
  readonly appliedAt: Date | null;
  readonly publishedAt: string;
  readonly note: string;
};

/** Versions that can be put in force again, the newest first. */
export async function listVersions(database: Database): Promise<readonly StoredVersion[]> {
  return await database.client.$queryRawUnsafe<StoredVersion[]>(
    `SELECT version, source, fetched_at AS "fetchedAt", applied_at AS "appliedAt",
       document ->> 'publishedAt' AS "publishedAt", document ->> 'note' AS note
     FROM rule_set_versions ORDER BY version DESC`,
  );
}

/** The document of a version; `undefined` where it is not kept here. */
export async function readVersion(database: Database, version: number): Promise<unknown> {
  const [row] = await database.client.$queryRawUnsafe<{ document: unknown }[]>(
    `SELECT document FROM rule_set_versions WHERE version = $1::int`,
    version,
  );
  return row?.document;
}

/** Keeps a document. False where its version is kept already and says something else. */
export async function keepVersion(
  tx: Statements,
  { version, document, source }: { readonly version: number; readonly document: object; readonly source: string },
): Promise<boolean> {
  await tx.$executeRawUnsafe(
    `INSERT INTO rule_set_versions (version, document, source) VALUES ($1::int, $2::jsonb, $3)
     ON CONFLICT (version) DO NOTHING`,
    version,
    JSON.stringify(document),
    source,
  );
  const same = await tx.$queryRawUnsafe<object[]>(
    `SELECT FROM rule_set_versions WHERE version = $1::int AND document = $2::jsonb`,
    version,
    JSON.stringify(document),
  );
  return same.length > 0;
}

/** Notes that a version was put in force, and forgets what nobody will roll back to. */
export async function noteApplied(tx: Statements, version: number): Promise<void> {
  await tx.$executeRawUnsafe(`UPDATE rule_set_versions SET applied_at = mxflow_now() WHERE version = $1::int`, version);
  await tx.$executeRawUnsafe(
    `DELETE FROM rule_set_versions v USING sync_state s
     WHERE v.version NOT IN (SELECT version FROM rule_set_versions ORDER BY version DESC LIMIT ${KEPT})
       AND v.version NOT IN (SELECT version FROM set_lists WHERE version IS NOT NULL)
       AND v.version IS DISTINCT FROM s.pinned`,
  );
}
