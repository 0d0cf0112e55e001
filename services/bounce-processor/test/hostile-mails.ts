import { dsn, lines } from './reports.ts';

const NESTED = 2000;
/** Mails that mean no good, or that somebody cut off. */
export const HOSTILE_MAILS: readonly (readonly [name: string, mail: () => Buffer])[] = [
  ['nothing', () => Buffer.alloc(0)],
  ['zeros', () => Buffer.alloc(1_000_000)],
  ['one line of 4 MB', () => Buffer.alloc(4 << 20, 'a@b.example ')],
  ['a header without end', () => Buffer.from(`Subject: ${'x\r\n '.repeat(200_000)}`)],
  [
    'MIME parts in each other',
    () =>
      Buffer.from(
        Array.from(
          { length: NESTED },
          (_, n) => `Content-Type: multipart/mixed; boundary="b${n}"\r\n\r\n--b${n}\r\n`,
        ).join(''),
      ),
  ],
  ['messages in each other', () => Buffer.from('Content-Type: message/rfc822\r\n\r\n'.repeat(20_000))],
  [
    'a report on 10,000 recipients',
    () =>
      Buffer.from(
        lines(
          'From: MAILER-DAEMON@x.example',
          'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
          '',
          '--b',
          'Content-Type: message/delivery-status',
          '',
          'Reporting-MTA: dns; x.example',
          '',
          ...Array.from(
            { length: 10_000 },
            (_, n) => `Final-Recipient: rfc822; r${n}@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n`,
          ),
          '--b--',
        ),
      ),
  ],
  ['half a report', () => Buffer.from(dsn({ recipient: 'a@example.net' }).slice(0, 300))],
  [
    'ten thousand parts',
    () => Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(10_000)}`),
  ],
  ['quotes and brackets', () => Buffer.from(`From: ${'"<('.repeat(100_000)}\r\nTo: ${'<@,;:'.repeat(50_000)}\r\n\r\n`)],
];
