import { allowedAddress } from '@mxflow/resolver';

export type WebhookScheme = 'http' | 'https';

/** Whether a webhook may be sent to this address by this scheme. */
export type AddressPolicy = (address: string, scheme: WebhookScheme) => boolean;

/**
 * https may go to public addresses, and either scheme to the private ones that the operator lists: in clear, a delivery
 * only travels where somebody has said that it may.
 *
 * @param listed networks as CIDR; throws RangeError where one is malformed.
 */
export function addressPolicy(listed: readonly string[]): AddressPolicy {
  const policy: AddressPolicy = (address, scheme) => {
    switch (scheme) {
      case 'https':
        return allowedAddress(address, listed);
      case 'http':
        return allowedAddress(address, listed) && !allowedAddress(address, NONE_LISTED);
    }
  };
  // A fault in the list shows at start, not with the first webhook.
  policy('127.0.0.1', 'https');
  return policy;
}

const NONE_LISTED: readonly string[] = [];
