/** One MX record (RFC 5321 §5.1), the host lower-case and without a final dot. */
export type MxHost = { readonly preference: number; readonly host: string };

/** What DNS says about where a domain's mail goes. */
export type MxResolution =
  /** MX records, in no order that means anything. */
  | { readonly kind: 'hosts'; readonly hosts: readonly MxHost[] }
  /** No MX record: the domain's own addresses serve (RFC 5321 §5.1). */
  | { readonly kind: 'implicit'; readonly host: string }
  /** Null MX (RFC 7505): the domain takes no mail. */
  | { readonly kind: 'null-mx' }
  /** NXDOMAIN, or neither MX nor address. */
  | { readonly kind: 'no-such-domain' }
  /** SERVFAIL or time-out: nothing is known, and nothing may be counted. */
  | { readonly kind: 'temporary-failure'; readonly because: string };

/** At most so many hosts are kept of a domain's MX records, those of lowest preference: DNS is hostile. */
const MAX_HOSTS = 20;

/**
 * The hosts to try, best first: lowest preference first, equal preferences shuffled (RFC 5321 §5.1).
 *
 * @param random uniform in [0, 1), called once a host.
 */
export function rankHosts(hosts: readonly MxHost[], random: () => number): readonly MxHost[] {
  return hosts
    .map((host) => ({ host, dice: random() }))
    .toSorted((one, other) => one.host.preference - other.host.preference || one.dice - other.dice)
    .slice(0, MAX_HOSTS)
    .map(({ host }) => host);
}

/**
 * The key of the site that a domain belongs to: domains that resolve to the same MX hosts share it.
 * A domain without usable hosts is a site of its own.
 */
export function siteKey(domain: string, resolution: MxResolution): string {
  switch (resolution.kind) {
    case 'hosts':
      return keyOfHosts(resolution.hosts);
    case 'implicit':
      return keyOfHosts([{ preference: 0, host: resolution.host }]);
    case 'null-mx':
    case 'no-such-domain':
    case 'temporary-failure':
      return `domain:${domain}`;
  }
}

/** The hosts of a resolution, `[]` where the domain takes no mail or nothing is known. */
export function hostsOf(resolution: MxResolution): readonly MxHost[] {
  switch (resolution.kind) {
    case 'hosts':
      return resolution.hosts;
    case 'implicit':
      return [{ preference: 0, host: resolution.host }];
    case 'null-mx':
    case 'no-such-domain':
    case 'temporary-failure':
      return [];
  }
}

function keyOfHosts(hosts: readonly MxHost[]): string {
  const ordered = hosts.toSorted((one, other) => one.preference - other.preference || compare(one.host, other.host));
  // Preferences count by their order alone: 10/20 and 1/2 are the same site.
  const ranks = [...new Set(ordered.map((host) => host.preference))];
  return `mx:${ordered
    .slice(0, MAX_HOSTS)
    .map((host) => `${ranks.indexOf(host.preference)} ${host.host}`)
    .join(',')}`;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A host of lowest preference, as a site's key names it; `undefined` of a site without hosts. */
export function bestHostOf(key: string): string | undefined {
  return /^mx:0 ([^,]+)/.exec(key)?.[1];
}
