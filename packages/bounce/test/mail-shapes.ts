/** What a mail is made of, for tests: parts that servers put together in their own ways. */
export type Report = {
  readonly from: string;
  readonly subject: string;
  /** The report in the server's own words. */
  readonly text: string;
  /** Fields of the delivery-status part, empty lines between groups; none for servers that write none. */
  readonly fields?: string;
  readonly headers?: readonly string[];
  readonly charset?: string;
};

/** The message that came back, as far as servers return it. */
export const RETURNED = [
  'Received: from app.shop.example (app.shop.example [198.51.100.7]) by mail.shop.example; Tue, 3 Mar 2026 10:00:00 +0000',
  'Message-ID: <01J8.test@shop.example>',
  'From: Shop <news@shop.example>',
  'To: reader@far.example',
  'Subject: News of March',
  'Date: Tue, 3 Mar 2026 10:00:00 +0000',
].join('\r\n');

function head({ from, subject, headers = [] }: Report): string {
  return [
    'Return-Path: <>',
    'Received: by mail.shop.example; Tue, 3 Mar 2026 10:00:05 +0000',
    `From: ${from}`,
    'To: bounce@shop.example',
    `Subject: ${subject}`,
    'Date: Tue, 3 Mar 2026 10:00:05 +0000',
    'Message-ID: <report-1@mx.far.example>',
    ...headers,
    'MIME-Version: 1.0',
  ].join('\r\n');
}

const lines = (text: string) => text.replaceAll(/\r?\n/g, '\r\n');

/** A report of RFC 3464: text, status, returned headers. */
export function dsn(report: Report): string {
  return [
    head(report),
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b-1"',
    '',
    '--b-1',
    `Content-Type: text/plain; charset=${report.charset ?? 'utf-8'}`,
    '',
    lines(report.text),
    '--b-1',
    'Content-Type: message/delivery-status',
    '',
    `Reporting-MTA: dns; mx.far.example`,
    '',
    lines(report.fields ?? ''),
    '',
    '--b-1',
    'Content-Type: text/rfc822-headers',
    '',
    RETURNED,
    '',
    '--b-1--',
    '',
  ].join('\r\n');
}

/** A report of one text, the returned message below it. */
export function plain(report: Report): string {
  return [
    head(report),
    `Content-Type: text/plain; charset=${report.charset ?? 'utf-8'}`,
    '',
    lines(report.text),
    '',
  ].join('\r\n');
}

/** Any mail: its header lines and its text. */
export function letter(headers: readonly string[], text: string): string {
  return [...headers, '', lines(text), ''].join('\r\n');
}

/** The octets of a mail written as a string. */
export function octets(mail: string): Uint8Array {
  return new TextEncoder().encode(mail);
}
