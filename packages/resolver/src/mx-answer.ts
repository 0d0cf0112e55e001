import type { MxHost } from '@mxflow/domain';

import { readHostName } from './host-name.ts';

/** As DNS says it, from whoever holds the domain. */
export type MxRecord = { readonly priority: number; readonly exchange: string };

export type MxAnswer =
  | { readonly kind: 'hosts'; readonly hosts: readonly MxHost[] }
  /** One record that names the root (RFC 7505 §3). */
  | { readonly kind: 'null-mx' }
  /** Records, but none that names a host: the domain's own addresses must not serve instead (RFC 5321 §5.1). */
  | { readonly kind: 'no-usable-host' };

/** So many hosts are kept, those of lowest preference: a zone may hold thousands. */
const MAX_HOSTS = 20;

/** Reads the MX records of a domain. A host that is named twice keeps its lower preference. */
export function readMxRecords(records: readonly MxRecord[]): MxAnswer {
  const [first] = records;
  if (first !== undefined && records.length === 1 && (first.exchange === '' || first.exchange === '.'))
    return { kind: 'null-mx' };
  const preferences = new Map<string, number>();
  for (const { priority, exchange } of records) {
    const host = readHostName(exchange);
    if (host !== undefined) preferences.set(host, Math.min(priority, preferences.get(host) ?? priority));
  }
  const hosts = [...preferences]
    .map(([host, preference]) => ({ preference, host }))
    .toSorted((one, other) => one.preference - other.preference)
    .slice(0, MAX_HOSTS);
  return hosts.length === 0 ? { kind: 'no-usable-host' } : { kind: 'hosts', hosts };
}
