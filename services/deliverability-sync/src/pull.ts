import { listsFollowed, type RunResult, type SyncEnding, type SyncState } from '@mxflow/db';
import { rulesOf, type TrustedKey } from '@mxflow/rule-set';
import type { Agent } from 'undici';

import { fetchRuleSet, type FetchFailure } from './fetch-rule-set.ts';
import type { OpenRuleSet } from './open-in-thread.ts';
import type { RuleSetSource } from './source.ts';

export type PullParts = {
  readonly enabled: boolean;
  readonly source: RuleSetSource;
  readonly connections: Agent;
  readonly trustedKeys: readonly TrustedKey[];
  readonly open: OpenRuleSet;
  readonly signal: AbortSignal;
};

/** A rule set may come from a clock that is ahead of this one's by so much: both are set by people. */
const MOST_AHEAD_MS = 86_400_000;
/** What of the source's doing is a matter of the network: all else it has chosen to send. */
const NETWORK: ReadonlySet<FetchFailure> = new Set(['unreachable', 'cut-off', 'too-slow', 'status']);

/** Finds out what the source has for this instance; changes nothing. */
export async function pull(parts: PullParts, state: SyncState): Promise<RunResult> {
  if (!parts.enabled) return idle('disabled', 'MXFLOW_SYNC_ENABLED says that nothing is pulled');
  const lists = listsFollowed(state.level, state.bounceRulesInCustom);
  if (lists.length === 0) return idle('custom', 'at Custom nothing is pulled');
  const { source, connections, signal } = parts;
  const fetched = await fetchRuleSet(source, connections, { etag: etagOf(state, source), signal });
  switch (fetched.kind) {
    case 'unchanged':
      return { kind: 'unchanged' };
    case 'failed':
      return failed(NETWORK.has(fetched.because) ? 'failed' : 'refused', fetched.because, fetched.detail);
    case 'octets':
      return await read(parts, state, fetched);
  }
}

/** Only asked whether it has anything else where what it had is in force, as far as it can be. */
function etagOf(state: SyncState, { url }: RuleSetSource): string | undefined {
  const { level, bounceRulesInCustom, lists, newest, pinned, etag, etagSource } = state;
  const wanted = pinned ?? newest;
  const isInForce = listsFollowed(level, bounceRulesInCustom).every((list) => lists[list] === wanted);
  return isInForce && etagSource === url ? (etag ?? undefined) : undefined;
}

async function read(
  { trustedKeys, source, open, signal }: PullParts,
  { now }: SyncState,
  { octets, etag }: { readonly octets: Uint8Array; readonly etag: string | undefined },
): Promise<RunResult> {
  const opened = await open(octets, trustedKeys, signal);
  if (opened.kind === 'refused') return failed('refused', opened.because, opened.detail);
  const { document } = opened;
  if (Date.parse(document.publishedAt) > now.getTime() + MOST_AHEAD_MS) {
    const detail = `expected a rule set of the past, found one of ${document.publishedAt}, while it is ${now.toISOString()} here: one of the clocks is wrong`;
    return failed('refused', 'from-the-future', detail);
  }
  const { version } = document;
  return { kind: 'pulled', pulled: { version, rules: rulesOf(document), document, source: source.url, etag } };
}

function failed(outcome: 'failed' | 'refused', because: string, detail: string): RunResult {
  return { kind: 'failed', ending: { outcome, because, detail } };
}

function idle(because: string, detail: string): RunResult {
  const ending: SyncEnding = { outcome: 'kept-back', because, detail };
  return { kind: 'idle', ending };
}
