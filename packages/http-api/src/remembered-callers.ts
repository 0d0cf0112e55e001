import { hashApiKey } from '@mxflow/db';

/** Keys remembered at once, wrong ones included: a flood of guesses must not fill the memory. */
const MAX_REMEMBERED = 2_000;

export type CallerLookup<Caller> = (authorization: string | undefined) => Promise<Caller | undefined>;

export type CallerSource<Caller> = {
  /** What a key looks like: nobody is asked for anything else. */
  readonly shape: RegExp;
  readonly find: (sha256: Uint8Array<ArrayBuffer>) => Promise<Caller | undefined>;
  /** How long a key that was revoked may still be believed. */
  readonly freshMs?: number;
  readonly now?: () => number;
};

/** Finds who calls by the Authorization header (RFC 6750 §2.1), asking the source once in a while for each key. */
export function rememberCallers<Caller>({
  shape,
  find,
  freshMs = 5_000,
  now = () => performance.now(),
}: CallerSource<Caller>): CallerLookup<Caller> {
  const remembered = new Map<string, { readonly caller: Promise<Caller | undefined>; readonly until: number }>();
  return async (authorization) => {
    const key = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (key === undefined || !shape.test(key)) return undefined;
    const sha256 = hashApiKey(key);
    const name = Buffer.from(sha256).toString('base64');
    const known = remembered.get(name);
    if (known !== undefined && known.until > now()) return await known.caller;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    const caller = find(sha256);
    remembered.set(name, { caller, until: now() + freshMs });
    // A database that was away for a moment is not remembered.
    caller.catch(() => remembered.delete(name));
    return await caller;
  };
}
