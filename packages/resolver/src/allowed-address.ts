import { BlockList, isIP } from 'node:net';

/**
 * Whether mail may be delivered to an address that DNS named. Refused: loopback, private (RFC 1918, 6598, 4193),
 * link-local, multicast, unspecified, documentation and other special-purpose addresses (RFC 6890), also where IPv6
 * merely wraps them (mapped, NAT64, 6to4); unless they are within one of `privateCidrs`. Text that is no address is refused.
 *
 * @param privateCidrs `192.0.2.0/24`, `2001:db8::/32` or single addresses; throws where one is neither.
 */
export function allowedAddress(address: string, privateCidrs: readonly string[]): boolean {
  // First of all, so that a fault in the list shows with the first address and not with the first private one.
  const listed = listOf(privateCidrs);
  const family = familyOf(address);
  if (family === undefined) return false;
  return listed.check(address, family) || !REFUSED.check(address, family);
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  // A zone index (fe80::1%eth0) means a link of this machine: never anybody's MX.
  if (address.includes('%')) return undefined;
  switch (isIP(address)) {
    case 4:
      return 'ipv4';
    case 6:
      return 'ipv6';
    default:
      return undefined;
  }
}

/** Lists made before: one set of networks is asked about for every address. */
const LISTS = new WeakMap<readonly string[], BlockList>();

function listOf(cidrs: readonly string[]): BlockList {
  let list = LISTS.get(cidrs);
  if (list === undefined) {
    list = makeList(cidrs);
    LISTS.set(cidrs, list);
  }
  return list;
}

function makeList(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = '', prefix, ...more] = cidr.split('/');
    const family = familyOf(network);
    if (family === undefined || more.length > 0 || (prefix !== undefined && !/^\d{1,3}$/.test(prefix))) {
      throw new RangeError(`expected a network such as 192.0.2.0/24, found ${cidr}`);
    }
    if (prefix === undefined) list.addAddress(network, family);
    else list.addSubnet(network, Number(prefix), family);
  }
  return list;
}

/** RFC 6890 and its registries, with the shared address space of RFC 6598. IPv4-mapped IPv6 is checked as IPv4. */
const REFUSED = makeList([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]);
