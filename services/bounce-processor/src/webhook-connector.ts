import { isIP } from 'node:net';

import { buildConnector } from 'undici';

import type { Resolver } from '@mxflow/resolver';

import type { AddressPolicy, WebhookScheme } from './webhook-address.ts';

/** Where the URL leads may not be reached, or leads nowhere. */
export class WebhookTargetError extends Error {
  override readonly name = 'WebhookTargetError';
  readonly code: 'NO_SUCH_HOST' | 'NAME_SERVERS_FAIL' | 'ADDRESS_NOT_ALLOWED';

  constructor(code: WebhookTargetError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export type ConnectorOptions = {
  readonly resolver: Pick<Resolver, 'addresses'>;
  readonly mayReach: AddressPolicy;
  readonly connectLimitMs: number;
  /** PEM of the certificate authorities to trust, in place of those that Node trusts. */
  readonly ca?: string;
};

/**
 * Opens connections to addresses that were checked: the name is resolved once, and what passed the check is what the
 * socket connects to, so a name that answers otherwise the next time gains nothing. TLS still verifies the name.
 */
export function checkedConnector(options: ConnectorOptions): buildConnector.connector {
  const { connectLimitMs, ca } = options;
  const connect = buildConnector({ timeout: connectLimitMs, allowH2: false, ...(ca === undefined ? {} : { ca }) });
  async function connectTo(target: buildConnector.Options, callback: buildConnector.Callback): Promise<void> {
    let address: string;
    try {
      address = await findAddress(target, options);
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    const host = withoutBrackets(target.hostname);
    // An IP address is no server name (RFC 6066 §3); its certificate must name the address itself.
    connect({ ...target, hostname: address, ...(isIP(host) === 0 ? { servername: host } : {}) }, callback);
  }
  return (target, callback) => void connectTo(target, callback);
}

async function findAddress(
  { hostname, protocol }: buildConnector.Options,
  { resolver, mayReach }: ConnectorOptions,
): Promise<string> {
  const addresses = await addressesOf(withoutBrackets(hostname), resolver);
  const scheme: WebhookScheme = protocol === 'https:' ? 'https' : 'http';
  const address = addresses.find((each) => mayReach(each, scheme));
  if (address !== undefined) return address;
  const expected = scheme === 'https' ? 'a public address' : 'a private address that is listed, as http demands';
  throw new WebhookTargetError('ADDRESS_NOT_ALLOWED', `expected ${expected}, found ${addresses.join(', ')}`);
}

async function addressesOf(host: string, resolver: ConnectorOptions['resolver']): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  // Never asked of DNS (RFC 6761 §6.3).
  if (/^(?:.+\.)?localhost\.?$/.test(host)) return ['127.0.0.1', '::1'];
  const found = await resolver.addresses(host);
  switch (found.kind) {
    case 'found':
      return found.addresses.map(({ address }) => address);
    case 'none':
      throw new WebhookTargetError('NO_SUCH_HOST', `expected ${host} to have an address, found none`);
    case 'temporary-failure':
      throw new WebhookTargetError('NAME_SERVERS_FAIL', `expected the addresses of ${host}, found: ${found.because}`);
  }
}

function withoutBrackets(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}
