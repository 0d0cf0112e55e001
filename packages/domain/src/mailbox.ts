/** A mailbox as RFC 5321 §4.1.2 writes it, its domain lower-case and in A-label form (RFC 5890 §2.3.2.1). */
export type Mailbox = {
  readonly address: string;
  readonly localPart: string;
  readonly domain: string;
  /** True where the local part holds octets above 127: only an SMTPUTF8 session can carry it (RFC 6531). */
  readonly needsSmtpUtf8: boolean;
};

/** Turns a domain into A-labels; `undefined` where it is not one. Brought by the caller: it needs a Unicode table. */
export type ToAscii = (domain: string) => string | undefined;

/** Octets: local part, domain and whole forward-path (RFC 5321 §4.5.3.1). */
const LIMITS = { localPart: 64, domain: 255, address: 254 } as const;

const DOT_STRING = /^[^\s"(),:;<>@[\\\]\p{Cc}]+$/u;
const QUOTED_STRING = /^"(?:[^"\\\p{Cc}]|\\[^\p{Cc}])*"$/u;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reads a bare mailbox (no display name, no angle brackets); `undefined` where it is not one.
 *
 * Address literals (`user@[192.0.2.1]`) and domains of a single label are refused: no campaign writes to them.
 */
export function parseMailbox(text: string, toAscii: ToAscii): Mailbox | undefined {
  const at = text.lastIndexOf('@');
  if (at < 1 || text.length > LIMITS.address) return undefined;
  const localPart = text.slice(0, at);
  if (!isLocalPart(localPart)) return undefined;
  const domain = toAscii(text.slice(at + 1))?.toLowerCase();
  if (domain === undefined || !isDomain(domain)) return undefined;
  const address = `${localPart}@${domain}`;
  if (utf8Length(address) > LIMITS.address) return undefined;
  // eslint-disable-next-line no-control-regex -- the whole of ASCII is meant
  return { address, localPart, domain, needsSmtpUtf8: !/^[\x00-\x7f]*$/.test(localPart) };
}

/** The form under which an address is compared: domain and local part lower-case, as quarantine and duplicates see it. */
export function addressKey(address: string): string {
  return address.toLowerCase();
}

/** The part behind the last `@`. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

function isLocalPart(localPart: string): boolean {
  if (utf8Length(localPart) > LIMITS.localPart) return false;
  if (QUOTED_STRING.test(localPart)) return true;
  return (
    DOT_STRING.test(localPart) && !localPart.startsWith('.') && !localPart.endsWith('.') && !localPart.includes('..')
  );
}

function isDomain(domain: string): boolean {
  const labels = domain.split('.');
  if (domain.length > LIMITS.domain || labels.length < 2) return false;
  return labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
}

function utf8Length(text: string): number {
  let octets = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    octets += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return octets;
}
