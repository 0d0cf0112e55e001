import { BlockList, isIP } from 'node:net';

import type { Fault } from '@mxflow/contracts';

import { foundText } from './found-text.ts';

/** Networks that no stranger may make us call: RFC 6890 and its successors, both families. */
const PRIVATE: readonly string[] = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/4', '240.0.0.0/4', '::/128', '::1/128', 'fc00::/7', 'fe80::/10'],
  ...['ff00::/8', '::ffff:0:0/96', '64:ff9b::/96'],
];

/**
 * Says why a URL cannot be a webhook; `undefined` where it can. https only; http, and addresses of private networks,
 * where the operator lists the network. Names are resolved when something is delivered, and checked again then.
 */
export function refuseWebhookUrl(text: string, listedNetworks: readonly string[]): Fault | undefined {
  const refuse = (expected: string): Fault => ({ pointer: '/url', expected, found: foundText(text) });
  if (!URL.canParse(text)) return refuse('an absolute URL');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.hash !== '') return refuse('a URL without user and fragment');
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const isListed = isIP(host) !== 0 && contains(listedNetworks, host);
  if (isListed && url.protocol === 'http:') return undefined;
  if (url.protocol !== 'https:') return refuse('an https URL');
  const isPrivate = isIP(host) === 0 ? /(?:^|\.)localhost\.?$/i.test(host) : contains(PRIVATE, host);
  return isPrivate && !isListed ? refuse('a host outside private networks') : undefined;
}

function contains(networks: readonly string[], address: string): boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', prefix = ''] = network.split('/');
    list.addSubnet(base, Number(prefix), base.includes(':') ? 'ipv6' : 'ipv4');
  }
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
