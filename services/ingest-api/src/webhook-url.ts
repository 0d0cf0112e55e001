import { isIP } from 'node:net';

import type { Fault } from '@mxflow/contracts';
import { foundText } from '@mxflow/http-api';
import { allowedAddress } from '@mxflow/resolver';

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
  const isPublic = isIP(host) === 0 ? !/(?:^|\.)localhost\.?$/i.test(host) : allowedAddress(host, []);
  // Listed: refused but for the operator's list.
  const isListed = !isPublic && allowedAddress(host, listedNetworks);
  if (isListed && url.protocol === 'http:') return undefined;
  if (url.protocol !== 'https:') return refuse('an https URL');
  return isPublic || isListed ? undefined : refuse('a host outside private networks');
}
