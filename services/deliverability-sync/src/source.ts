import type { SyncConfig } from './config.ts';

/** Where rule sets come from. */
export type RuleSetSource = {
  /** Of the newest signed rule set. */
  readonly url: string;
  /** Where a hub takes texts that no rule matched; a static file takes none. */
  readonly unmatchedUrl: string | undefined;
  /** Sent to the hub. */
  readonly key: string | undefined;
  /** Whether http may go to a public address. */
  readonly isCleartextAllowed: boolean;
  readonly deadlineMs: number;
};

/** A hub where the URL ends with a slash, else a signed file, which nobody shows a key that was not configured for it. */
export function sourceOf(config: SyncConfig, derivedKey: string | undefined): RuleSetSource {
  const base = config.MXFLOW_SYNC_URL;
  const isHub = new URL(base).pathname.endsWith('/');
  return {
    url: isHub ? new URL('v1/rule-set', base).href : base,
    unmatchedUrl: isHub ? new URL('v1/unmatched', base).href : undefined,
    key: config.MXFLOW_SYNC_KEY ?? (isHub ? derivedKey : undefined),
    isCleartextAllowed: config.MXFLOW_SYNC_CLEARTEXT,
    deadlineMs: config.MXFLOW_SYNC_DEADLINE,
  };
}
