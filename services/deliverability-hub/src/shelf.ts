import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import type { RuleSetDocument } from '@mxflow/contracts';
import { pageHubVersions, readHubVersion, type Database } from '@mxflow/db';
import { signRuleSet, type SigningKey } from '@mxflow/rule-set';

import type { HubEvents } from './events.ts';

/** A rule set as it is sent. */
export type ServedRuleSet = {
  readonly version: number;
  /** Weak: the same for both forms below, which mean the same (RFC 9110 §8.8.1). */
  readonly etag: string;
  readonly signed: Buffer;
  readonly gzipped: Buffer;
};

/**
 * The rule sets at hand, signed and packed once. The newest is always held, so that no question for it needs Postgres; of
 * earlier ones the last few that somebody asked for.
 */
export type Shelf = {
  /** `undefined` until the first was loaded. */
  readonly newest: () => ServedRuleSet | undefined;
  readonly find: (version: number) => Promise<ServedRuleSet | undefined>;
  /** Looks whether another one is the newest: published since, or that of a database that was set back. */
  readonly refresh: () => Promise<void>;
};

export type ShelfOptions = {
  readonly database: Database;
  readonly keys: readonly SigningKey[];
  readonly events: Pick<HubEvents, 'serving'>;
};

const MOST_EARLIER = 4;

export function openShelf({ database, keys, events }: ShelfOptions): Shelf {
  const earlier = new Map<number, ServedRuleSet>();
  let newest: (ServedRuleSet & { readonly sha256: string }) | undefined;
  let looking: Promise<void> = Promise.resolve();
  const load = async (version: number) => {
    const stored = await readHubVersion(database, version);
    if (stored === undefined) return undefined;
    return { ...(await pack(JSON.parse(stored.document) as RuleSetDocument, keys)), sha256: stored.sha256 };
  };
  const look = async (): Promise<void> => {
    const [head] = await pageHubVersions(database, { limit: 1 });
    if (head === undefined || head.sha256 === newest?.sha256) return;
    const loaded = await load(head.version);
    if (loaded === undefined) return;
    // Versions are never taken back: Postgres was, to an older state, and nothing kept from the other one holds.
    if (newest !== undefined && loaded.version <= newest.version) earlier.clear();
    newest = loaded;
    events.serving(loaded);
  };
  return {
    newest: () => newest,
    find: async (version) => {
      const known = version === newest?.version ? newest : earlier.get(version);
      if (known !== undefined) return known;
      const loaded = await load(version);
      if (loaded === undefined) return undefined;
      for (const [oldest] of earlier) if (earlier.size >= MOST_EARLIER) earlier.delete(oldest);
      earlier.set(version, loaded);
      return loaded;
    },
    // One after the other: what is found last is what holds.
    refresh: () => (looking = looking.catch(() => {}).then(look)),
  };
}

async function pack(document: RuleSetDocument, keys: readonly SigningKey[]): Promise<ServedRuleSet> {
  const signed = Buffer.from(await signRuleSet(document, keys));
  const digest = createHash('sha256').update(signed).digest('base64url').slice(0, 16);
  return {
    version: document.version,
    etag: `W/"${document.version}-${digest}"`,
    signed,
    gzipped: await promisify(gzip)(signed),
  };
}
