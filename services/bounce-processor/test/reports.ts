import { encodeMessageIdHeader, encodeUnsubscribeToken, encodeVerp, type MessageId } from '@mxflow/domain';
import { messageMac } from '@mxflow/process';

import { SECRET } from './world.ts';

export const DOMAIN = 'bounce.example.com';
const DAY_MS = 86_400_000;

/** Addresses and ids as a worker of an instance makes them. */
export function sealsOf(secret = SECRET, { day = Math.floor(Date.now() / DAY_MS) } = {}) {
  const { mac, keyId } = messageMac(secret);
  return {
    returnPath: (messageId: MessageId): string => `${encodeVerp({ messageId, day }, keyId, mac)}@${DOMAIN}`,
    messageIdHeader: (messageId: MessageId): string => encodeMessageIdHeader({ messageId, domain: DOMAIN }, keyId, mac),
    unsubscribe: (messageId: MessageId): string => `u-${encodeUnsubscribeToken(messageId, keyId, mac)}@${DOMAIN}`,
    token: (messageId: MessageId): string => encodeUnsubscribeToken(messageId, keyId, mac),
  };
}

export type ReportFacts = {
  readonly recipient: string;
  readonly action?: 'failed' | 'delayed' | 'relayed' | 'delivered';
  readonly diagnostic?: string;
  readonly status?: string;
  /** The returned header section. */
  readonly returned?: string;
};

/** A delivery status notification (RFC 3464). */
export function dsn({
  recipient,
  action = 'failed',
  diagnostic = '550 5.1.1 <x>: Recipient address rejected: User unknown',
  status = '5.1.1',
  returned = 'Subject: Hello',
}: ReportFacts): string {
  return lines(
    'From: MAILER-DAEMON@mx.example.net',
    `Subject: ${action === 'failed' ? 'Undelivered Mail Returned to Sender' : 'Delayed Mail (still being retried)'}`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"',
    '',
    '--=_b',
    'Content-Type: text/plain',
    '',
    action === 'failed' ? 'Your message could not be delivered.' : 'Your message is still being retried.',
    '',
    '--=_b',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example.net',
    '',
    `Final-Recipient: rfc822; ${recipient}`,
    `Action: ${action}`,
    `Status: ${status}`,
    `Diagnostic-Code: smtp; ${diagnostic}`,
    '',
    '--=_b',
    'Content-Type: text/rfc822-headers',
    '',
    returned,
    '',
    '--=_b--',
  );
}

/** An abuse report (RFC 5965). */
export function complaint(recipient: string, returned = 'Subject: Hello'): string {
  return lines(
    'From: fbl@mx.example.net',
    'Subject: complaint',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=feedback-report; boundary="=_b"',
    '',
    '--=_b',
    'Content-Type: text/plain',
    '',
    'This is an email abuse report.',
    '',
    '--=_b',
    'Content-Type: message/feedback-report',
    '',
    'Feedback-Type: abuse',
    'User-Agent: fbl/1.0',
    'Version: 1',
    `Original-Rcpt-To: <${recipient}>`,
    '',
    '--=_b',
    'Content-Type: text/rfc822-headers',
    '',
    returned,
    '',
    '--=_b--',
  );
}

/** A machine's answer (RFC 3834). */
export function autoReply(from: string): string {
  return lines(`From: ${from}`, 'Subject: Out of office', 'Auto-Submitted: auto-replied', '', 'I am away.');
}

export function lines(...parts: readonly string[]): string {
  return `${parts.join('\r\n')}\r\n`;
}
