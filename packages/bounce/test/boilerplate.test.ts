import { expect, test } from 'vitest';

import { classifyMail, compileRules, DEFAULT_RULES } from '../src/index.ts';
import { dsn, octets, plain, RETURNED } from './mail-shapes.ts';

const rules = compileRules(DEFAULT_RULES);

/** What mail systems say to everybody, around a reply that says nothing known. */
const AROUND: Readonly<Record<string, string>> = {
  Postfix:
    "I'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients. It's attached below.\n\nFor further assistance, please send mail to postmaster.\n\nIf you do so, please include this problem report. You can\ndelete your own text from the attached returned message.\n\n<reader@far.example>: host in.far.example[192.0.2.9] said: 550 zzz (in reply to RCPT TO command)",
  Sendmail:
    '   ----- The following addresses had permanent fatal errors -----\n<reader@far.example>\n    (reason: 550 zzz)\n\n   ----- Transcript of session follows -----\n... while talking to in.far.example.:\n>>> RCPT To:<reader@far.example>\n<<< 550 zzz\n554 5.0.0 Service unavailable',
  Exchange:
    "reader@far.example\n\nA problem occurred during the delivery of this message. Microsoft Exchange will not try to redeliver this message for you. Please try resending this message later, or provide the following diagnostic text to your system administrator.\n\nreader@far.example\nRemote Server returned '550 zzz'",
  Gmail:
    'Delivery to the following recipient failed permanently:\n\n     reader@far.example\n\nTechnical details of permanent failure:\nGoogle tried to deliver your message, but it was rejected by the server for the recipient domain far.example by in.far.example. [192.0.2.9].\n\nThe error that the other server returned was:\n550 zzz',
  qmail:
    "This is a permanent error; I've given up. Sorry it didn't work out.\n\n<reader@far.example>:\nRemote host said: 550 zzz\nGiving up on 192.0.2.9.",
};

test.each(Object.entries(AROUND))('what %s says to everybody decides nothing', (_system, text) => {
  const from = 'MAILER-DAEMON@far.example';
  const fields =
    'Final-Recipient: rfc822; reader@far.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 zzz';
  const mails = [
    dsn({ from, subject: 'Delivery Status Notification (Failure)', text, fields }),
    plain({
      from,
      subject: 'Undelivered Mail Returned to Sender',
      text: `${text}\n\n----- Original message -----\n\n${RETURNED}`,
    }),
  ];
  for (const mail of mails) {
    expect(classifyMail(octets(mail), rules).recipients).toMatchObject([
      { recipient: 'reader@far.example', reason: 'not-defined', type: 'soft', replyCode: 550 },
    ]);
  }
});
