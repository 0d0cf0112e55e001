import { dsn, plain, RETURNED, letter } from './mail-shapes.ts';
import type { OwnMail } from './mails-unix.ts';

const DAEMON = 'Mail Delivery System <mailer-daemon@far.example>';

/** Mails in shapes that are rarer: warnings, reports that lack what others have, feedback without a report. */
export const MORE_MAILS: readonly OwnMail[] = [
  {
    name: 'the mailer of 1&1',
    kind: 'failed',
    recipients: [['reader@far.example', 'refused']],
    mail: plain({
      from: DAEMON,
      subject: 'Mail delivery failed: returning message to sender',
      text: `This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. The following addresses failed:\n\n<reader@far.example>\n\nFor the following reason:\n\nMail size limit exceeded. For explanation visit\nhttp://postmaster.far.example/en/faq\n\n--- The header of the original message is following. ---\n\n${RETURNED}`,
    }),
  },
  {
    name: 'Sendmail, warning',
    kind: 'delayed',
    recipients: [['reader@far.example', 'unreachable']],
    mail: dsn({
      from: DAEMON,
      subject: 'Warning: could not send message for past 4 hours',
      text: '    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n    **********************************************\n\n   ----- Transcript of session follows -----\n<reader@far.example>... Deferred: Connection refused by in.far.example.\nWarning: message still undelivered after 4 hours\nWill keep trying until message is 5 days old',
      fields:
        'Final-Recipient: RFC822; reader@far.example\nAction: delayed\nStatus: 4.4.1\nRemote-MTA: DNS; in.far.example',
    }),
  },
  {
    name: 'Sendmail of old, host unknown',
    kind: 'failed',
    recipients: [['reader@nowhere.example', 'invalid-domain']],
    mail: plain({
      from: DAEMON,
      subject: 'Returned mail: Host unknown',
      text: `   ----- Transcript of session follows -----\n550 <reader@nowhere.example>... Host unknown (Name server: nowhere.example: host not found)\n\n   ----- Unsent message follows -----\n${RETURNED}`,
    }),
  },
  {
    name: 'Gmail, still trying',
    kind: 'delayed',
    recipients: [['reader@far.example', 'unreachable']],
    mail: plain({
      from: 'Mail Delivery Subsystem <mailer-daemon@googlemail.com>',
      subject: 'Delivery Status Notification (Delay)',
      headers: ['X-Failed-Recipients: reader@far.example'],
      text: `This is an automatically generated Delivery Status Notification\n\nTHIS IS A WARNING MESSAGE ONLY.\n\nYOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\nDelivery to the following recipient has been delayed:\n\n     reader@far.example\n\nMessage will be retried for 2 more day(s)\n\nTechnical details of temporary failure:\nThe recipient server did not accept our requests to connect.\n\n----- Original message -----\n\n${RETURNED}`,
    }),
  },
  {
    name: 'a report whose fields stand in the text',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: DAEMON,
      subject: 'Delivery failure',
      text: `Your message could not be delivered.\n\nReporting-MTA: dns; mx.far.example\n\nFinal-Recipient: rfc822; reader@far.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n`,
    }),
  },
  {
    name: 'a report without a diagnostic, the reply in its text',
    kind: 'failed',
    recipients: [['reader@far.example', 'refused']],
    mail: dsn({
      from: DAEMON,
      subject: 'Undeliverable',
      text: 'Delivery to reader@far.example failed. The server answered: 550 5.7.1 blocked, your IP is on a block list',
      fields: 'Final-Recipient: rfc822; reader@far.example\nAction: failed\nStatus: 5.0.0',
    }),
  },
  {
    name: 'a report without an empty line between its recipients',
    kind: 'failed',
    recipients: [
      ['one@far.example', 'user-unknown'],
      ['two@far.example', 'mailbox-full'],
    ],
    mail: dsn({
      from: DAEMON,
      subject: 'Undeliverable',
      text: 'Failed.',
      fields:
        'Final-Recipient: rfc822; one@far.example\nAction: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822; two@far.example\nAction: failed\nStatus: 5.2.2',
    }),
  },
  {
    name: 'a report that expired',
    kind: 'failed',
    recipients: [['reader@far.example', 'unreachable']],
    mail: dsn({
      from: DAEMON,
      subject: 'Delivery Failure',
      text: 'It took too long.',
      fields:
        'Final-Recipient: rfc822; reader@far.example\nAction: expired\nStatus: 4.4.7\nDiagnostic-Code: smtp; delivery time expired',
    }),
  },
  {
    name: 'Lotus Notes, two recipients, the reason before each',
    kind: 'failed',
    recipients: [
      ['one@far.example', 'mailbox-full'],
      ['two@far.example', 'user-unknown'],
    ],
    mail: plain({
      from: 'postmaster@far.example',
      subject: 'DELIVERY FAILURE',
      text: `------- Failure Reasons  --------\n\nMailbox is full\none@far.example\n\nUser not listed in public Name & Address Book\ntwo@far.example\n\n------- Returned Message --------\n\n${RETURNED}`,
    }),
  },
  {
    name: 'qmail, a refusal of which nothing is known, and its giving up',
    kind: 'failed',
    recipients: [['reader@far.example', 'not-defined']],
    mail: plain({
      from: DAEMON,
      subject: 'failure notice',
      text: `Hi. This is the qmail-send program at far.example.\n\n<reader@far.example>:\nRemote host said: 554 zzz\nGiving up on 192.0.2.9.\n\n--- Below this line is a copy of the message.\n\n${RETURNED}`,
    }),
  },
  {
    name: 'a report of success',
    kind: 'delivered',
    recipients: [['reader@far.example', 'ignored']],
    mail: dsn({
      from: DAEMON,
      subject: 'Successful Mail Delivery Report',
      text: 'Your message was successfully delivered to the destination listed below.',
      fields:
        'Final-Recipient: rfc822; reader@far.example\nAction: delivered\nStatus: 2.0.0\nDiagnostic-Code: smtp; 250 2.0.0 OK',
    }),
  },
  {
    name: 'a report in base64',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: [
      `From: ${DAEMON}`,
      'Subject: =?utf-8?B?VW5kZWxpdmVyZWQgTWFpbA==?=',
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: base64',
      '',
      btoa('<reader@far.example>: 550 5.1.1 user unknown'),
      '',
    ].join('\r\n'),
  },
  {
    name: 'a report in HTML only',
    kind: 'failed',
    recipients: [['reader@far.example', 'mailbox-full']],
    mail: [
      `From: ${DAEMON}`,
      'Subject: Undeliverable: News',
      'MIME-Version: 1.0',
      'Content-Type: text/html; charset=utf-8',
      '',
      '<html><head><style>p { color: red }</style></head><body><p>Delivery has failed to these recipients:</p><p><b>reader@far.example</b></p><p>The recipient&#39;s mailbox is full.</p></body></html>',
      '',
    ].join('\r\n'),
  },
  {
    name: 'a complaint of Hotmail, without a feedback report',
    kind: 'complaint',
    recipients: [['reader@hotmail.example', 'refused']],
    mail: [
      'From: staff@hotmail.com',
      'To: fbl@shop.example',
      'Subject: complaint about message from 198.51.100.7',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=h',
      '',
      '--h',
      'Content-Type: message/rfc822',
      '',
      'X-HmXmrOriginalRecipient: <reader@hotmail.example>',
      RETURNED,
      '',
      'Hello',
      '--h--',
      '',
    ].join('\r\n'),
  },
  {
    name: 'a scanner that praises itself below a report without a reply',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: dsn({
      from: 'postmaster@far.example',
      subject: 'Delivery Status Notification (Failure)',
      text: 'Delivery to the following recipients failed.\n\n   reader@far.example\n\n*** Mail from far.example has been scanned for all known viruses and other content ***',
      fields: 'Final-Recipient: rfc822; reader@far.example\nAction: failed\nStatus: 5.1.1',
    }),
  },
  {
    name: 'a robot that has no such user',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: letter(
      [
        'From: robot@far.example',
        'To: bounce@shop.example',
        'Subject: Your mail to us',
        'Auto-Submitted: auto-replied',
      ],
      'You wrote to reader@far.example. There is no such user at this site.',
    ),
  },
  {
    name: "a house's disclaimer below a report without a reply",
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: dsn({
      from: 'postmaster@far.example',
      subject: 'Delivery Status Notification (Failure)',
      text: 'Delivery to the following recipients failed.\n\n   reader@far.example\n\nThis message is confidential and intended solely for its reader. If you are not the intended recipient, please delete it. Unauthorised copying or use of this message is strictly prohibited. Checked and swept for all viruses by Gatekeepers.',
      fields: 'Final-Recipient: rfc822; reader@far.example\nAction: failed\nStatus: 5.1.1',
    }),
  },
  {
    name: 'a reader away who speaks of users',
    kind: 'auto-reply',
    recipients: [['reader@far.example', 'ignored']],
    mail: letter(
      [
        'From: reader@far.example',
        'To: bounce@shop.example',
        'Subject: Out of office: News of March',
        'Auto-Submitted: auto-replied',
      ],
      'You wrote to reader@far.example. I am away. Messages to helpdesk@far.example for no user here are lost.',
    ),
  },
  {
    name: 'a daemon that says so in its letter alone',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: letter(
      ['From: postmaster@far.example', 'To: bounce@shop.example', 'Subject: Recipient does not exist'],
      "Hi,\n\nthis is the mailer daemon program at far.example.\n\nI wasn't able to deliver your mail to:reader@far.example\n\nThis mail ID does not exist in this server.",
    ),
  },
  {
    name: "a gateway's advertisement behind the reply that it quotes",
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: DAEMON,
      subject: 'Undeliverable: News of March',
      text: '<reader@far.example>: host in.far.example[192.0.2.9] said:\n    550 5.1.1 <reader@far.example>: Recipient address rejected: User unknown (in reply to RCPT TO command)\n\nThis mail passed our anti-spam service. Visit the following page.',
    }),
  },
  {
    name: 'certified mail of Italy',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: letter(
      [
        'X-Ricevuta: errore-consegna',
        'From: posta-certificata@pec.example',
        'To: bounce@shop.example',
        'Subject: AVVISO DI MANCATA CONSEGNA: News of March',
      ],
      'Avviso di mancata consegna\n\nIl messaggio destinato all\'utente "reader@far.example"\nha dato un errore 5.1.1 - indirizzo non valido.\nIl messaggio e\' stato rifiutato dal sistema.',
    ),
  },
  {
    name: 'a person who passes a report on to a list',
    kind: 'ordinary',
    recipients: [],
    mail: letter(
      [
        'From: reader@far.example',
        'To: list@lists.example',
        'Subject: To: olga@far.example [Fwd: Returned mail: see transcript for details]',
      ],
      'Your address seems to be broken.\n\nrcpt to:<olga@far.example>\n550 Relay denied\n',
    ),
  },
];
