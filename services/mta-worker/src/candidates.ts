import type { MxHost } from '@mxflow/domain';
import type { Resolver } from '@mxflow/resolver';

/** One address of one MX host, in the order in which they are to be tried. */
export type Candidate = { readonly host: string; readonly address: string; readonly preference: number };

export type CandidateOptions = {
  readonly resolver: Resolver;
  /** Whether mail may go to this address at all. */
  readonly allowed: (address: string) => boolean;
  /** Names under which this host itself takes mail: an MX that names one is a loop. */
  readonly ownNames: ReadonlySet<string>;
};

/** The addresses to try for these hosts, given in their order; `because` says what kept others away. */
export async function listCandidates(
  hosts: readonly MxHost[],
  { allowed, ownNames, resolver }: CandidateOptions,
): Promise<{ readonly candidates: readonly Candidate[]; readonly because: string | undefined }> {
  const candidates: Candidate[] = [];
  let because: string | undefined;
  // A host of our own, and every host that is no better, would send the mail in a circle (RFC 5321 §5.1).
  const own = hosts.find(({ host }) => ownNames.has(host));
  for (const { host, preference } of hosts.filter((each) => own === undefined || each.preference < own.preference)) {
    const answer = await resolver.addresses(host);
    switch (answer.kind) {
      case 'found':
        for (const { address } of answer.addresses) {
          if (allowed(address)) candidates.push({ host, address, preference });
          else because = `${host}[${address}]: an address that mail may not go to`;
        }
        break;
      case 'none':
        because ??= `${host}: has no address`;
        break;
      case 'temporary-failure':
        because ??= `${host}: ${answer.because}`;
        break;
    }
  }
  if (own !== undefined) because ??= `${own.host}: mail for this domain loops back to us`;
  return { candidates, because };
}
