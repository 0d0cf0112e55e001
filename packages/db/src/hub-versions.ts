import { createHash } from 'node:crypto';

import type { Database, Statements } from './database.ts';
import { inTransaction } from './transaction.ts';

/** A published rule set without its document. */
export type HubVersionHead = {
  readonly version: number;
  readonly publishedAt: Date;
  /** The name of the key that published it. */
  readonly publishedBy: string;
  readonly note: string;
  /** Of the document, in hexadecimal. */
  readonly sha256: string;
};

/** A published rule set; the document is JSON as it is signed, to the octet. */
export type HubVersion = HubVersionHead & { readonly document: string };

/** Writes the document of a version once its number and its instant are known. */
export type DocumentWriter = (version: number, publishedAt: Date) => string;

const HEAD = `version, published_at AS "publishedAt", published_by AS "publishedBy", note, encode(sha256, 'hex') AS sha256`;
/** Two hubs that start at once on an empty database must not both found it. */
const FOUNDING_LOCK = 7301;
const FOUNDER = 'mxflow';

/**
 * Publishes version 1 and makes the draft of the next, where nothing was ever published.
 *
 * @param content of the draft, as JSON.
 * @returns whether this call did it.
 */
export async function foundHub(
  database: Database,
  { content, note, write }: { readonly content: string; readonly note: string; readonly write: DocumentWriter },
): Promise<boolean> {
  return await inTransaction(database, async (tx) => {
    await tx.$queryRawUnsafe(`SELECT pg_advisory_xact_lock($1)::text`, FOUNDING_LOCK);
    if ((await newestHubVersion(tx)) > 0) return false;
    await insertHubVersion(tx, { version: 1, note, by: FOUNDER, write });
    await tx.$executeRawUnsafe(
      `INSERT INTO hub_draft (content, based_on, changed_by) VALUES ($1, 1, $2)`,
      content,
      FOUNDER,
    );
    return true;
  });
}

/** The newest number, 0 before the first. */
export async function newestHubVersion(on: Statements): Promise<number> {
  const [row] = await on.$queryRawUnsafe<{ version: number }[]>(
    `SELECT coalesce(max(version), 0) AS version FROM hub_versions`,
  );
  return row?.version ?? 0;
}

export async function readHubVersion(database: Database, version: number): Promise<HubVersion | undefined> {
  const [row] = await database.client.$queryRawUnsafe<HubVersion[]>(
    `SELECT ${HEAD}, document FROM hub_versions WHERE version = $1::int`,
    version,
  );
  return row;
}

/** A page of versions, the newest first; `before`: only those below. */
export async function pageHubVersions(
  database: Database,
  { before, limit }: { readonly before?: number | undefined; readonly limit: number },
): Promise<readonly HubVersionHead[]> {
  return await database.client.$queryRawUnsafe<HubVersionHead[]>(
    `SELECT ${HEAD} FROM hub_versions WHERE $1::int IS NULL OR version < $1::int ORDER BY version DESC LIMIT $2::int`,
    before ?? null,
    limit,
  );
}

/** Adds a version, within the caller's transaction and under its lock. */
export async function insertHubVersion(
  tx: Statements,
  version: { readonly version: number; readonly note: string; readonly by: string; readonly write: DocumentWriter },
): Promise<HubVersionHead> {
  const [clock] = await tx.$queryRawUnsafe<{ now: Date }[]>(`SELECT mxflow_now() AS now`);
  if (clock === undefined) throw new Error('expected the time, found nothing');
  const document = version.write(version.version, clock.now);
  const sha256 = createHash('sha256').update(document).digest('hex');
  await tx.$executeRawUnsafe(
    `INSERT INTO hub_versions (version, document, note, published_at, published_by, sha256)
     VALUES ($1::int, $2, $3, $4::timestamptz, $5, decode($6, 'hex'))`,
    version.version,
    document,
    version.note,
    clock.now,
    version.by,
    sha256,
  );
  const { note, by: publishedBy } = version;
  return { version: version.version, publishedAt: clock.now, publishedBy, note, sha256 };
}
