import { API_KEY_SHAPE, findCaller, hashApiKey, type Caller, type Database } from '@mxflow/db';

/** How long a key that was revoked may still be believed. */
const FRESH_MS = 5_000;
/** Keys remembered at once, wrong ones included: a flood of guesses must not fill the memory. */
const MAX_REMEMBERED = 2_000;

export type CallerLookup = (authorization: string | undefined) => Promise<Caller | undefined>;

/** Finds who calls by the Authorization header (RFC 6750 §2.1), asking the database once in a while for each key. */
export function createCallerLookup(database: Database, now: () => number = () => performance.now()): CallerLookup {
  const remembered = new Map<string, { readonly caller: Promise<Caller | undefined>; readonly until: number }>();
  return async (authorization) => {
    const key = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (key === undefined || !API_KEY_SHAPE.test(key)) return undefined;
    const sha256 = hashApiKey(key);
    const name = Buffer.from(sha256).toString('base64');
    const known = remembered.get(name);
    if (known !== undefined && known.until > now()) return await known.caller;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    const caller = findCaller(database, sha256);
    remembered.set(name, { caller, until: now() + FRESH_MS });
    // A database that was away for a moment is not remembered.
    caller.catch(() => remembered.delete(name));
    return await caller;
  };
}
