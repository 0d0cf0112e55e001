import type { Behaviour, ProviderSpec } from '@mxflow/provider-sim';

/** A provider with one MX host, one address and one domain: `NAME.test`. */
export function provider(name: string, address: string, behaviour: Behaviour = {}): ProviderSpec {
  return {
    name,
    domains: [`${name}.test`],
    mxHosts: [{ host: `mx.${name}.test`, preference: 10, addresses: [address] }],
    behaviour,
  };
}

/** Providers alike, `p1` … `pN`, each a site of its own. */
export function providers(count: number, behaviour: Behaviour = {}): readonly ProviderSpec[] {
  return Array.from({ length: count }, (_, index) => provider(`p${index + 1}`, `127.40.0.${index + 1}`, behaviour));
}

/** Addresses `NAME-0`, `NAME-1`, … that take turns at the providers' domains. */
export function recipientsAt(specs: readonly ProviderSpec[], count: number, name = 'user'): readonly string[] {
  const domains = specs.flatMap((spec) => spec.domains);
  return Array.from({ length: count }, (_, index) => `${name}-${index}@${domains[index % domains.length]}`);
}
