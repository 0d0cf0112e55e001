import { createHmac } from 'node:crypto';

export const SIGNATURE_HEADER = 'Mxflow-Signature';

/**
 * Signs a delivery: HMAC-SHA256 (RFC 2104) over the time, a dot and the body as sent, keyed with the endpoint's secret
 * as it was shown. The time is inside, so that a receiver can refuse what was recorded and played again.
 *
 * @param at seconds since the epoch.
 */
export function signatureOf(body: string, secret: string, at: number): string {
  const mac = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
  return `t=${at},v1=${mac}`;
}
