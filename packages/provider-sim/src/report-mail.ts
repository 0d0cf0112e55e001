import type { LaterReport } from './provider-state.ts';
import type { Reply } from './answer.ts';
import { worded } from './worded.ts';

/** A mail that a provider sends on its own account, from the null reverse-path. */
export type ReportMail = { readonly forwardPath: string; readonly content: string };

/** Composes the mail that a `…-later` rule calls for; all lines end in CRLF, dots are not stuffed. */
export function composeReport(report: LaterReport, seed: number, sentAt: Date): ReportMail {
  const { treatment } = report;
  return treatment.kind === 'bounce-later'
    ? { forwardPath: report.reversePath, content: bounce(report, seed, sentAt) }
    : { forwardPath: treatment.to ?? report.reversePath, content: complaint(report, sentAt) };
}

/** A delivery status notification with action `failed` (RFC 3464), with the returned header section (RFC 6522 §4). */
function bounce(report: LaterReport, seed: number, sentAt: Date): string {
  const { host, forwardPath, reversePath, id, header, behaviour, party, treatment } = report;
  if (treatment.kind !== 'bounce-later') throw new TypeError(`expected a bounce, found ${treatment.kind}`);
  const said = worded(
    { behaviour, seed, source: party.src, host },
    { wording: treatment.reply, address: forwardPath, replyClass: 'permanent' },
  );
  const boundary = boundaryOf(id, 'dsn');
  return lines(
    ...opening({
      host,
      to: reversePath,
      sentAt,
      subject: 'Undelivered Mail Returned to Sender',
      id,
    }),
    'Auto-Submitted: auto-replied',
    `Content-Type: multipart/report; report-type=delivery-status; boundary="${boundary}"`,
    '',
    'This is a MIME-encapsulated message.',
    '',
    `--${boundary}`,
    'Content-Description: Notification',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `This is the mail system at host ${host}.`,
    '',
    "I'm sorry to have to inform you that your message could not be delivered",
    "to one or more recipients. It's attached below.",
    '',
    `<${forwardPath}>: host ${host} said: ${spoken(said)} (in reply to end of DATA command)`,
    '',
    `--${boundary}`,
    'Content-Description: Delivery report',
    'Content-Type: message/delivery-status',
    '',
    `Reporting-MTA: dns; ${host}`,
    `Arrival-Date: ${rfc5322Date(sentAt)}`,
    '',
    `Final-Recipient: rfc822; ${forwardPath}`,
    `Original-Recipient: rfc822;${forwardPath}`,
    'Action: failed',
    `Status: ${statusOf(said)}`,
    `Remote-MTA: dns; ${host}`,
    `Diagnostic-Code: smtp; ${spoken(said)}`,
    '',
    `--${boundary}`,
    'Content-Description: Undelivered Message Headers',
    'Content-Type: text/rfc822-headers',
    '',
    header,
    `--${boundary}--`,
  );
}

/** An abuse report (RFC 5965) with the reported message's header section. */
function complaint(report: LaterReport, sentAt: Date): string {
  const { host, forwardPath, reversePath, id, header, party, treatment } = report;
  const to = (treatment.kind === 'complain-later' ? treatment.to : undefined) ?? reversePath;
  const boundary = boundaryOf(id, 'arf');
  return lines(
    ...opening({ host, to, sentAt, subject: 'complaint about message from ' + party.src, id }),
    `Content-Type: multipart/report; report-type=feedback-report; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=us-ascii',
    '',
    `This is an email abuse report for an email message received from IP ${party.src} on ${rfc5322Date(sentAt)}`,
    '',
    `--${boundary}`,
    'Content-Type: message/feedback-report',
    '',
    'Feedback-Type: abuse',
    `User-Agent: ${host} feedback/1.0`,
    'Version: 1',
    `Original-Mail-From: <${reversePath}>`,
    `Original-Rcpt-To: <${forwardPath}>`,
    `Arrival-Date: ${rfc5322Date(sentAt)}`,
    `Source-IP: ${party.src}`,
    `Reporting-MTA: dns; ${host}`,
    '',
    `--${boundary}`,
    'Content-Type: text/rfc822-headers',
    '',
    header,
    `--${boundary}--`,
  );
}

function opening(mail: {
  readonly host: string;
  readonly to: string;
  readonly sentAt: Date;
  readonly subject: string;
  readonly id: string;
}): string[] {
  return [
    `From: Mail Delivery Subsystem <MAILER-DAEMON@${mail.host}>`,
    `To: <${mail.to}>`,
    `Subject: ${mail.subject}`,
    `Date: ${rfc5322Date(mail.sentAt)}`,
    `Message-ID: <report.${mail.sentAt.getTime()}.${mail.id.replace(/[^A-Za-z0-9.-]/g, '-').slice(0, 60)}@${mail.host}>`,
    'MIME-Version: 1.0',
  ];
}

/** The reply as senders' mailers quote it: one line, the code once. */
function spoken(said: Reply): string {
  return `${said.code} ${said.lines.join(' ')}`;
}

/** The status that the words carry, else the general one of their class (RFC 3463 §3). */
function statusOf(said: Reply): string {
  return (
    /(?:^|\s)([245]\.\d{1,3}\.\d{1,3})(?=\s|$)/.exec(said.lines.join(' '))?.[1] ?? `${Math.floor(said.code / 100)}.0.0`
  );
}

function boundaryOf(id: string, kind: string): string {
  return `=_${kind}_${id.replace(/[^A-Za-z0-9]/g, '').slice(0, 40)}`;
}

function rfc5322Date(at: Date): string {
  return at.toUTCString().replace('GMT', '+0000');
}

/** Joins parts with CRLF and makes every bare line end a CRLF. */
function lines(...parts: readonly string[]): string {
  return `${parts.join('\r\n').replace(/\r?\n/g, '\r\n')}\r\n`;
}
