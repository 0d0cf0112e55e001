import { domainToASCII } from 'node:url';

/**
 * Letters, digits, hyphens, dots, and the joiners that some scripts need (RFC 5892 appendix A). Nothing else gets as far
 * as the table, which reads its text as part of a URL: it drops line breaks and decodes percent signs.
 */
const MADE_OF_LABELS = /^(?:[\p{L}\p{M}\p{N}.\-\u00b7\u0375\u05f3\u05f4\u3002\u30fb]|\u200c|\u200d)+$/u;

/** A domain in A-labels (RFC 5891); `undefined` where it has no such form. */
export function toAscii(domain: string): string | undefined {
  if (!MADE_OF_LABELS.test(domain)) return undefined;
  // Nearly every domain is plain: the Unicode table is asked about the others only.
  if (/^[A-Za-z0-9.-]+$/.test(domain) && !/xn--/i.test(domain)) return domain;
  const ascii = domainToASCII(domain);
  return ascii === '' ? undefined : ascii;
}
