import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import type { RuleSetDocument } from '@mxflow/contracts';
import { newestHubVersion, readHubVersion, type Database } from '@mxflow/db';
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
  /** Looks whether anybody has published a newer one. */
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
  let newest: ServedRuleSet | undefined;
  const load = async (version: number): Promise<ServedRuleSet | undefined> => {
    const stored = await readHubVersion(database, version);
    return stored === undefined ? undefined : await pack(JSON.parse(stored.document) as RuleSetDocument, keys);
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
    refresh: async () => {
      const version = await newestHubVersion(database.client);
      if (version <= (newest?.version ?? 0)) return;
      const loaded = await load(version);
      // Another look may have found a newer one meanwhile.
      if (loaded === undefined || loaded.version <= (newest?.version ?? 0)) return;
      newest = loaded;
      events.serving(loaded);
    },
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
