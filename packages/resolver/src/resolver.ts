import { Resolver as NodeResolver } from 'node:dns/promises';

import type { MxResolution } from '@mxflow/domain';

import { AnswerCache, type Answered } from './answer-cache.ts';
import { readMxRecords } from './mx-answer.ts';

export type ResolverOptions = {
  /** `host:port` each, an IPv6 host in brackets; the machine's own when left out. */
  readonly servers?: readonly string[];
  /** For the first try of a question; it grows with each further one. Default 3,000. */
  readonly timeoutMs?: number;
  /** Default 2. */
  readonly tries?: number;
  /** How long an answer is kept at most. Addresses are kept for a shorter time where their TTL says so. Default 300. */
  readonly cacheSeconds?: number;
  /** How long it is kept that there is nothing. Default 60. */
  readonly negativeCacheSeconds?: number;
  /** Domains, and hosts, kept at once. Default 100,000. */
  readonly maxEntries?: number;
  /** The family that is named first. Default 4. */
  readonly preferredFamily?: 4 | 6;
  /** Milliseconds on any steady clock. */
  readonly now?: () => number;
};

export type HostAddress = { readonly family: 4 | 6; readonly address: string };

export type AddressResolution =
  | { readonly kind: 'found'; readonly addresses: readonly HostAddress[] }
  | { readonly kind: 'none' }
  /** SERVFAIL or time-out: nothing is known. */
  | { readonly kind: 'temporary-failure'; readonly because: string };

export type Resolver = {
  /** Where a domain's mail goes (RFC 5321 §5.1). The domain in A-labels. */
  mx(domain: string): Promise<MxResolution>;
  /** A host's addresses, those of the preferred family first; not yet checked for being allowed. */
  addresses(host: string): Promise<AddressResolution>;
};

/** Asks DNS, and remembers. Never rejects: what went wrong is part of the answer. */
export function createResolver(options: ResolverOptions = {}): Resolver {
  const { maxEntries = 100_000, now = () => performance.now(), preferredFamily = 4 } = options;
  const { cacheSeconds = 300, negativeCacheSeconds = 60 } = options;
  const node = new NodeResolver({ timeout: options.timeoutMs ?? 3_000, tries: options.tries ?? 2 });
  if (options.servers !== undefined) node.setServers(options.servers);
  const resolutions = new AnswerCache<MxResolution>(maxEntries, now);
  const hosts = new AnswerCache<AddressResolution>(maxEntries, now);

  function addresses(host: string): Promise<AddressResolution> {
    return hosts.get(host.toLowerCase(), async () => {
      const [v4, v6] = await Promise.all([askFor(node, host, 4), askFor(node, host, 6)]);
      const answer = preferredFamily === 4 ? joinFamilies(v4, v6) : joinFamilies(v6, v4);
      const ttlSeconds = Math.min(cacheSeconds, ...ttlsOf(v4), ...ttlsOf(v6));
      return { answer, lifetimeMs: 1_000 * secondsToKeep(answer.kind, ttlSeconds) };
    });
  }

  function secondsToKeep(kind: MxResolution['kind'] | AddressResolution['kind'], positiveSeconds: number): number {
    switch (kind) {
      case 'hosts':
      case 'implicit':
      case 'null-mx':
      case 'found':
        return positiveSeconds;
      case 'no-such-domain':
      case 'none':
        return negativeCacheSeconds;
      case 'temporary-failure':
        return FAILURE_CACHE_SECONDS;
    }
  }

  async function askForMx(domain: string): Promise<Answered<MxResolution>> {
    const answer = await resolveMx(node, domain, addresses);
    return { answer, lifetimeMs: 1_000 * secondsToKeep(answer.kind, cacheSeconds) };
  }

  return { mx: (domain) => resolutions.get(domain.toLowerCase(), () => askForMx(domain.toLowerCase())), addresses };
}

/** Long enough that a queue of messages to one domain asks once, short enough that it heals at once. */
const FAILURE_CACHE_SECONDS = 5;

async function resolveMx(
  node: NodeResolver,
  domain: string,
  addresses: (host: string) => Promise<AddressResolution>,
): Promise<MxResolution> {
  try {
    const answer = readMxRecords(await node.resolveMx(domain));
    // Nobody can take mail there until the zone is mended, as if it had no record at all.
    return answer.kind === 'no-usable-host' ? { kind: 'no-such-domain' } : answer;
  } catch (error) {
    const fault = readFault(error);
    switch (fault.kind) {
      case 'no-such-name':
        return { kind: 'no-such-domain' };
      case 'no-records':
        return implicitMx(domain, await addresses(domain));
      case 'temporary-failure':
        return fault;
    }
  }
}

/** Without MX records, a domain with an address is its own MX host (RFC 5321 §5.1). */
function implicitMx(domain: string, resolution: AddressResolution): MxResolution {
  switch (resolution.kind) {
    case 'found':
      return { kind: 'implicit', host: domain };
    case 'none':
      return { kind: 'no-such-domain' };
    case 'temporary-failure':
      return resolution;
  }
}

type FamilyAnswer =
  | { readonly kind: 'found'; readonly addresses: readonly (HostAddress & { readonly ttl: number })[] }
  | DnsFault;

async function askFor(node: NodeResolver, host: string, family: 4 | 6): Promise<FamilyAnswer> {
  try {
    const records = family === 4 ? await node.resolve4(host, { ttl: true }) : await node.resolve6(host, { ttl: true });
    return { kind: 'found', addresses: records.map(({ address, ttl }) => ({ family, address, ttl })) };
  } catch (error) {
    return readFault(error);
  }
}

/** One family that is known is enough; that there is none is believed only when both say so. */
function joinFamilies(first: FamilyAnswer, second: FamilyAnswer): AddressResolution {
  const addresses = [first, second]
    .flatMap((answer) => (answer.kind === 'found' ? answer.addresses : []))
    .map(({ family, address }) => ({ family, address }));
  if (addresses.length > 0) return { kind: 'found', addresses };
  for (const answer of [first, second]) if (answer.kind === 'temporary-failure') return answer;
  return { kind: 'none' };
}

function ttlsOf(answer: FamilyAnswer): readonly number[] {
  return answer.kind === 'found' ? answer.addresses.map(({ ttl }) => ttl) : [];
}

type DnsFault =
  /** NXDOMAIN, for every record type alike (RFC 8020). */
  | { readonly kind: 'no-such-name' }
  /** The name exists and has no record of this type. */
  | { readonly kind: 'no-records' }
  | { readonly kind: 'temporary-failure'; readonly because: string };

function readFault(error: unknown): DnsFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  switch (code) {
    case 'ENOTFOUND':
    case 'EBADNAME':
      return { kind: 'no-such-name' };
    case 'ENODATA':
      return { kind: 'no-records' };
    // Whatever else a server or the way to it may do wrong says nothing about the domain.
    default:
      return { kind: 'temporary-failure', because: FAULTS[code] ?? `DNS: ${code}` };
  }
}

const FAULTS: Readonly<Record<string, string>> = {
  ESERVFAIL: 'DNS: SERVFAIL',
  EREFUSED: 'DNS: REFUSED',
  ETIMEOUT: 'DNS: no answer in time',
  ECONNREFUSED: 'DNS: server not reachable',
};
