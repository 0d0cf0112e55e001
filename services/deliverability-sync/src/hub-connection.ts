import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';

import { allowedAddress } from '@mxflow/resolver';
import { Agent, buildConnector } from 'undici';

import type { RuleSetSource } from './source.ts';

/** In clear, only where nobody else listens: the source must be on this machine or a private network. */
export class CleartextError extends Error {
  override readonly name = 'CleartextError';
  readonly code = 'MXFLOW_CLEARTEXT';
}

/**
 * Opens connections to the source. What http may lead to is decided by the address that the socket connects to, so a name
 * that answers otherwise the next time gains nothing.
 */
export function openConnections({ isCleartextAllowed, deadlineMs }: RuleSetSource): Agent {
  const connect = buildConnector({ timeout: deadlineMs, allowH2: false });
  async function connectTo(target: buildConnector.Options, callback: buildConnector.Callback): Promise<void> {
    if (target.protocol === 'https:' || isCleartextAllowed) return connect(target, callback);
    const host = target.hostname.replace(/^\[(.*)\]$/, '$1');
    try {
      connect({ ...target, hostname: await privateAddressOf(host) }, callback);
    } catch (error) {
      callback(error as Error, null);
    }
  }
  return new Agent({
    connect: (target, callback) => void connectTo(target, callback),
    headersTimeout: deadlineMs,
    bodyTimeout: deadlineMs,
    // Once a day: a connection that is kept open is only there to be cut.
    pipelining: 0,
  });
}

const NONE_LISTED: readonly string[] = [];

async function privateAddressOf(host: string): Promise<string> {
  const found = isIP(host) === 0 ? await lookup(host, { all: true }) : [{ address: host }];
  const addresses = found.map(({ address }) => address);
  const address = addresses.find((each) => !allowedAddress(each, NONE_LISTED));
  if (address !== undefined) return address;
  throw new CleartextError(`expected https, or http to a private address, found http to ${addresses.join(', ')}`);
}
