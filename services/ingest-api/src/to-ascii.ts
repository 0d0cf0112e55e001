import { domainToASCII } from 'node:url';

/** A domain in A-labels (RFC 5891); `undefined` where it has no such form. */
export function toAscii(domain: string): string | undefined {
  // Nearly every domain is plain: the Unicode table is asked about the others only.
  if (/^[A-Za-z0-9.-]+$/.test(domain) && !/xn--/i.test(domain)) return domain;
  const ascii = domainToASCII(domain);
  return ascii === '' ? undefined : ascii;
}
