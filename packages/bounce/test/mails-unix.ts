import type { FailureReason } from '@mxflow/domain';

import { dsn, plain, RETURNED } from './mail-shapes.ts';

/** A mail and what it must come out as: a row per recipient, in the order of the report. */
export type OwnMail = {
  readonly name: string;
  readonly mail: string;
  readonly kind: string;
  readonly recipients: readonly (readonly [recipient: string | undefined, reason: FailureReason])[];
};

const DAEMON = 'MAILER-DAEMON@mx.far.example (Mail Delivery System)';

/** Mails of servers that run on Unix. */
export const UNIX_MAILS: readonly OwnMail[] = [
  {
    name: 'Postfix, unknown user',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: dsn({
      from: DAEMON,
      subject: 'Undelivered Mail Returned to Sender',
      text: "This is the mail system at host mx.far.example.\n\nI'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n<reader@far.example>: host in.far.example[192.0.2.9] said: 550 5.1.1\n    <reader@far.example>: Recipient address rejected: User unknown in virtual\n    mailbox table (in reply to RCPT TO command)",
      fields:
        'Final-Recipient: rfc822; reader@far.example\nOriginal-Recipient: rfc822;reader@far.example\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; in.far.example\nDiagnostic-Code: smtp; 550 5.1.1 <reader@far.example>: Recipient address rejected:\n    User unknown in virtual mailbox table',
    }),
  },
  {
    name: 'Postfix, delayed',
    kind: 'delayed',
    recipients: [['reader@far.example', 'unreachable']],
    mail: dsn({
      from: DAEMON,
      subject: 'Delayed Mail (still being retried)',
      text: '####################################################################\n# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n####################################################################\n\nYour message could not be delivered for more than 2 hour(s).\nIt will be retried until it is 3 day(s) old.\n\n<reader@far.example>: connect to in.far.example[192.0.2.9]:25: Connection timed out',
      fields:
        'Final-Recipient: rfc822; reader@far.example\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; connect to in.far.example[192.0.2.9]:25: Connection timed out',
    }),
  },
  {
    name: 'Postfix, two recipients that failed for two reasons, one delivered',
    kind: 'failed',
    recipients: [
      ['one@far.example', 'mailbox-full'],
      ['two@far.example', 'user-unknown'],
      ['three@far.example', 'ignored'],
    ],
    mail: dsn({
      from: DAEMON,
      subject: 'Undelivered Mail Returned to Sender',
      text: 'Two of three could not be delivered.',
      fields:
        'Final-Recipient: rfc822; one@far.example\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 Mailbox full\n\nFinal-Recipient: rfc822; two@far.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 No such user\n\nFinal-Recipient: rfc822; three@far.example\nAction: relayed\nStatus: 2.0.0',
    }),
  },
  {
    name: 'Sendmail, transcript only',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: 'Mail Delivery Subsystem <MAILER-DAEMON@mail.shop.example>',
      subject: 'Returned mail: see transcript for details',
      text: `The original message was received at Tue, 3 Mar 2026 10:00:00 GMT\nfrom app.shop.example [198.51.100.7]\n\n   ----- The following addresses had permanent fatal errors -----\n<reader@far.example>\n    (reason: 550 5.1.1 <reader@far.example>... User unknown)\n\n   ----- Transcript of session follows -----\n... while talking to in.far.example.:\n>>> RCPT To:<reader@far.example>\n<<< 550 5.1.1 <reader@far.example>... User unknown\n550 5.1.1 <reader@far.example>... User unknown\n\n   ----- Original message follows -----\n\n${RETURNED}`,
    }),
  },
  {
    name: 'Sendmail of old, no MIME, sender refused',
    kind: 'failed',
    recipients: [['reader@far.example', 'refused']],
    mail: plain({
      from: 'Mail Delivery Subsystem <MAILER-DAEMON@mail.shop.example>',
      subject: 'Returned mail: Service unavailable',
      text: `   ----- Transcript of session follows -----\nWhile talking to in.far.example:\n>>> MAIL From:<news@shop.example>\n<<< 553 5.1.8 <news@shop.example>... Domain of sender address news@shop.example does not exist\n554 <reader@far.example>... Service unavailable\n\n   ----- Unsent message follows -----\n${RETURNED}`,
    }),
  },
  {
    name: 'qmail, unknown user',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: 'MAILER-DAEMON@mx.far.example',
      subject: 'failure notice',
      text: `Hi. This is the qmail-send program at mx.far.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<reader@far.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\n${RETURNED}`,
    }),
  },
  {
    name: 'qmail, sender rejected by the next server',
    kind: 'failed',
    recipients: [['reader@far.example', 'refused']],
    mail: plain({
      from: 'MAILER-DAEMON@mx.far.example',
      subject: 'failure notice',
      text: `Hi. This is the qmail-send program at mx.far.example.\n\n<reader@far.example>:\nConnected to 192.0.2.9 but sender was rejected.\nRemote host said: 550 5.1.1 unknown user\n\n--- Below this line is a copy of the message.\n\n${RETURNED}`,
    }),
  },
  {
    name: 'qmail, queue life over',
    kind: 'failed',
    recipients: [['reader@far.example', 'unreachable']],
    mail: plain({
      from: 'MAILER-DAEMON@mx.far.example',
      subject: 'failure notice',
      text: `Hi. This is the qmail-send program at mx.far.example.\n\n<reader@far.example>:\nSorry, I wasn't able to establish an SMTP connection. (#4.4.1)\nI'm not going to try again; this message has been in the queue too long.\n\n--- Below this line is a copy of the message.\n\n${RETURNED}`,
    }),
  },
  {
    name: 'Exim, blocked at the greeting',
    kind: 'failed',
    recipients: [['reader@far.example', 'refused']],
    mail: plain({
      from: 'Mail Delivery System <Mailer-Daemon@mail.shop.example>',
      subject: 'Mail delivery failed: returning message to sender',
      headers: ['X-Failed-Recipients: reader@far.example'],
      text: `This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  reader@far.example\n    host in.far.example [192.0.2.9]\n    SMTP error from remote mail server after initial connection:\n    554 in.far.example no\n\n------ This is a copy of the message, including all the headers. ------\n\n${RETURNED}`,
    }),
  },
  {
    name: 'Exim, forwarded to a full mailbox, no header with the recipient',
    kind: 'failed',
    recipients: [['inner@far.example', 'mailbox-full']],
    mail: plain({
      from: 'Mail Delivery System <Mailer-Daemon@mail.shop.example>',
      subject: 'Mail delivery failed: returning message to sender',
      text: `This message was created automatically by mail delivery software.\n\nA message sent by\n\n  <news@shop.example>\n\ncould not be delivered to all of its recipients. The following address(es) failed:\n\n  inner@far.example\n    (generated from reader@far.example)\n    mailbox is full: retry timeout exceeded\n\n------ This is a copy of the message, including all the headers. ------\n\n${RETURNED}`,
    }),
  },
  {
    name: 'Exim, warning',
    kind: 'delayed',
    recipients: [['reader@far.example', 'unreachable']],
    mail: plain({
      from: 'Mail Delivery System <Mailer-Daemon@mail.shop.example>',
      subject: 'Warning: message 1abcde-000001-AB delayed 24 hours',
      text: 'This message was created automatically by mail delivery software.\nA message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the queue on mail.shop.example.\n\nThe address to which the message has not yet been delivered is:\n\n  reader@far.example\n    Delay reason: Connection timed out\n\nNo action is required on your part. Delivery attempts will continue for\nsome time.',
    }),
  },
  {
    name: 'Courier, too large',
    kind: 'failed',
    recipients: [['reader@far.example', 'refused']],
    mail: dsn({
      from: '"Courier mail server at mx.far.example" <@mx.far.example>',
      subject: 'NOTICE: mail delivery status.',
      text: '\n           UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<reader@far.example>:\n  in.far.example [192.0.2.9]:\n>>> DATA\n<<< 552 5.3.4 Message size exceeds fixed limit\n',
      fields:
        'Final-Recipient: rfc822; reader@far.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 552 5.3.4 Message size exceeds fixed limit',
    }),
  },
  {
    name: 'OpenSMTPD, no such domain',
    kind: 'failed',
    recipients: [['reader@nowhere.example', 'invalid-domain']],
    mail: plain({
      from: 'Mailer Daemon <MAILER-DAEMON@mail.shop.example>',
      subject: 'Delivery status notification: error',
      text: `    Hi!\n\n    This is the MAILER-DAEMON, please DO NOT REPLY to this email.\n\n    An error has occurred while attempting to deliver a message for\n    the following list of recipients:\n\nreader@nowhere.example: Domain does not exist\n\n    Below is a copy of the original message:\n\n${RETURNED}`,
    }),
  },
  {
    name: 'DragonFly, unknown user',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: 'MAILER-DAEMON <>',
      subject: 'Mail delivery failed',
      text: `This is the DragonFly Mail Agent v0.13 at mail.shop.example.\n\nThere was an error delivering your mail to <reader@far.example>.\n\nin.far.example [192.0.2.9] did not like our RCPT TO:\n550 5.1.1 <reader@far.example>... User Unknown\n\nMessage headers follow.\n\n${RETURNED}`,
    }),
  },
  {
    name: 'PowerMTA, reputation',
    kind: 'failed',
    recipients: [['reader@far.example', 'refused']],
    mail: dsn({
      from: 'Mail Delivery System <postmaster@mail.shop.example>',
      subject: 'Delivery Status Notification (Failure)',
      text: 'Hello, this is the mail server on mail.shop.example.\n\nI am sending you this message to inform you on the delivery status of a\nmessage you previously sent.  Immediately below you will find a list of\nthe affected recipients.\n\n  <reader@far.example>\n    delivery failed; will not continue trying',
      fields:
        'Final-Recipient: rfc822;reader@far.example\nAction: failed\nStatus: 5.7.1 (delivery not authorized)\nRemote-MTA: dns;in.far.example (192.0.2.9)\nDiagnostic-Code: smtp;550 5.7.1 Your sending domain has a poor reputation\nX-PowerMTA-BounceCategory: policy-related',
    }),
  },
  {
    name: 'fml, not a member',
    kind: 'failed',
    recipients: [['cats-list@far.example', 'refused']],
    mail: plain({
      from: 'cats-list-admin@far.example',
      subject: 'NOT MEMBER article from news@shop.example (cats ML)',
      text: 'You are not a member of this mailing list <cats-list@far.example>.\n\nIf you want to know the general guide of this list, please send mail with\nthe body\n\n\tguide\n\nto the address\n\n\tcats-list-ctl@far.example\n',
    }),
  },
];
