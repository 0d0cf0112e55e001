import type { Reply } from '@mxflow/domain';

/** What a server offered in its reply to EHLO (RFC 5321 §4.1.1.1). */
export type Capabilities = {
  /** RFC 2920. */
  readonly pipelining: boolean;
  /** RFC 3030. */
  readonly chunking: boolean;
  /** RFC 6152. */
  readonly eightBitMime: boolean;
  /** MAIL may declare a size (RFC 1870). */
  readonly size: boolean;
  /** The greatest message it takes, in octets; `undefined` where it names none or has no fixed maximum (RFC 1870 §4). */
  readonly sizeOctets: number | undefined;
  /** RFC 6531. */
  readonly smtpUtf8: boolean;
  /** RFC 3207. */
  readonly startTls: boolean;
  /** RFC 2034. */
  readonly enhancedStatusCodes: boolean;
};

/** A server that knows HELO alone, or was not asked yet. */
export const NO_CAPABILITIES: Capabilities = {
  pipelining: false,
  chunking: false,
  eightBitMime: false,
  size: false,
  sizeOctets: undefined,
  smtpUtf8: false,
  startTls: false,
  enhancedStatusCodes: false,
};

/** Reads the keywords of an EHLO reply, in any case; the first line is the server's name and no keyword. */
export function parseCapabilities(reply: Reply): Capabilities {
  const offers = new Map<string, string>();
  for (const line of reply.lines.slice(1)) {
    const [keyword = '', parameter = ''] = line.trim().split(/\s+/, 2);
    offers.set(keyword.toUpperCase(), parameter);
  }
  return {
    pipelining: offers.has('PIPELINING'),
    chunking: offers.has('CHUNKING'),
    eightBitMime: offers.has('8BITMIME'),
    size: offers.has('SIZE'),
    sizeOctets: parseSize(offers.get('SIZE')),
    smtpUtf8: offers.has('SMTPUTF8'),
    startTls: offers.has('STARTTLS'),
    enhancedStatusCodes: offers.has('ENHANCEDSTATUSCODES'),
  };
}

function parseSize(parameter: string | undefined): number | undefined {
  if (parameter === undefined || !/^\d{1,20}$/.test(parameter)) return undefined;
  const octets = Number(parameter);
  return octets === 0 ? undefined : octets;
}
