/** A field name as RFC 5322 §3.6.8 has it, without the signs that trip old readers. */
const FIELD_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,75}$/;

/** Fields that mxflow writes itself, or that only a server on the way may write. */
const RESERVED = new Set(
  [
    'from sender to cc bcc reply-to subject date message-id mime-version return-path received delivered-to',
    'x-original-to envelope-to errors-to return-receipt-to disposition-notification-to dkim-signature',
    'domainkey-signature authentication-results received-spf list-unsubscribe list-unsubscribe-post list-id feedback-id',
  ].flatMap((line) => line.split(' ')),
);
const RESERVED_PREFIXES = ['content-', 'resent-', 'arc-'];

/** Says why a job may not set this header; `undefined` where it may. */
export function refuseHeaderName(name: string): string | undefined {
  if (!FIELD_NAME.test(name))
    return 'a header name of letters, digits, hyphens and underscores, at most 76, was expected';
  const lower = name.toLowerCase();
  const reserved = RESERVED.has(lower) || RESERVED_PREFIXES.some((prefix) => lower.startsWith(prefix));
  return reserved ? `the header ${name} is not the job's to set` : undefined;
}
