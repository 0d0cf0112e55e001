import type { Behaviour } from './behaviour.ts';
import type { ContentReader } from './content-reader.ts';
import { laterRule } from './decide.ts';
import type { ProviderState } from './provider-state.ts';
import type { Party } from './referee.ts';

/** A content whose responsibility the provider takes on. */
export type Acceptance = {
  readonly provider: ProviderState;
  readonly party: Party;
  readonly host: string;
  readonly behaviour: Behaviour;
  readonly reversePath: string;
  readonly forwardPaths: readonly string[];
  readonly id: string;
  readonly header: string;
  readonly reader: ContentReader;
  /** How the content ended, which says whether dots in it are stuffed. */
  readonly endedBy: 'dot' | 'chunks';
};

/** Puts a message on record for each of its forward-paths, orders what is to be mailed later, and hands it to the watcher. */
export function acceptContent(acceptance: Acceptance): void {
  const { provider, party, behaviour, reversePath, forwardPaths, id } = acceptance;
  for (const forwardPath of forwardPaths) {
    provider.referee.accepted(party, { id, rcpt: forwardPath, code: 250 });
    const treatment = laterRule(behaviour, provider.seed, forwardPath);
    if (treatment === undefined) continue;
    const { host, header } = acceptance;
    provider.later({ treatment, party, behaviour, host, id, reversePath, forwardPath, header });
  }
  provider.stats.accepted += forwardPaths.length;
  if (provider.onMessage === undefined) return;
  const { reader, endedBy } = acceptance;
  provider.onMessage({
    id,
    provider: provider.name,
    source: party.src,
    envelope: { reversePath, forwardPaths },
    raw: endedBy === 'dot' ? reader.unstuffed() : reader.chunks(),
  });
}
