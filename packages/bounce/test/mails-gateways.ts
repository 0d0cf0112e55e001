import { dsn, plain, RETURNED } from './mail-shapes.ts';
import type { OwnMail } from './mails-unix.ts';

const DAEMON = 'Mail Delivery Subsystem <mailer-daemon@far.example>';

/** Mails of gateways and appliances, of mobile carriers, and of servers seen under no name. */
export const GATEWAY_MAILS: readonly OwnMail[] = [
  {
    name: 'activehunter',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: DAEMON,
      subject: 'FAILURE NOTICE :',
      text: `  ----- The following addresses had permanent fatal errors -----\n\n  >>> reader@far.example <<<\n\n  550 sorry, no mailbox here by that name (#5.1.1 - chkusr)\n\n  ----- original message -----\n\n${RETURNED}`,
    }),
  },
  {
    name: 'InterScan, arrows the other way round',
    kind: 'failed',
    recipients: [['reader@far.example', 'refused']],
    mail: plain({
      from: 'InterScan Messaging Security Suite <postmaster@far.example>',
      subject: 'Mail could not be delivered',
      text: `****** Message from InterScan Messaging Security Suite ******\n\nThe following recipients could not be reached: <reader@far.example>\n\nSent <<< MAIL FROM:<news@shop.example>\nReceived >>> 550 5.7.1 no mail from you, please\n`,
    }),
  },
  {
    name: 'IMail',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: 'Postmaster <postmaster@mail.far.example>',
      subject: 'Undeliverable Mail',
      text: `Unknown user: reader@far.example\n\n\nOriginal message follows.\n\n${RETURNED}`,
    }),
  },
  {
    name: 'MailFoundry',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: DAEMON,
      subject: 'Message delivery has failed',
      text: `Unable to deliver message to: <reader@far.example>\nDelivery failed for the following reason:\nServer in.far.example[192.0.2.9] failed with: 550 <reader@far.example> No such user here\n\nThis has been a permanent failure.  No further delivery attempts will be made.\n`,
    }),
  },
  {
    name: 'MailMarshal',
    kind: 'failed',
    recipients: [['reader@far.example', 'mailbox-full']],
    mail: plain({
      from: 'postmaster@far.example',
      subject: 'Undeliverable Mail: "News of March"',
      text: `Your message:\n   From:    news@shop.example\n   Subject: News of March\n\nCould not be delivered because of\n\n552 5.2.2 user over quota\n\nThe following recipients were affected:\n   reader@far.example\n`,
    }),
  },
  {
    name: 'McAfee',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: DAEMON,
      subject: 'Returned mail: Cannot send message within 3 days',
      text: `--- The following addresses had delivery problems ---\n\n<reader@far.example>   (User unknown reader@far.example)\n`,
    }),
  },
  {
    name: 'MFILTER',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: DAEMON,
      subject: 'failure delivery',
      text: `Your message could not be delivered to:\nreader@far.example\n\n-------server message\n550 5.1.1 unknown user <reader@far.example>\n\n-------original message\n${RETURNED}`,
    }),
  },
  {
    name: 'SurfControl',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: DAEMON,
      subject: 'Message could not be sent: News of March',
      text: `Your message could not be sent.\nA transcript of the attempts to send the message follows.\nThe number of attempts made: 1\nAddressed To: reader@far.example\n\nTue 3 Mar 2026 10:00:05 +0000\nFailed to send to identified host,\nreader@far.example: [192.0.2.9], 550 reader@far.example... No such user\n--- Message non-deliverable.\n`,
    }),
  },
  {
    name: 'a server that writes of delivery errors in brackets',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: DAEMON,
      subject: 'Returned Mail',
      text: `The original message was received at Tue, 3 Mar 2026 10:00:00 +0000\nfrom news@shop.example\n\n---The following addresses had delivery errors---\n\nreader@far.example [User unknown]\n\n---Original message follows---\n${RETURNED}`,
    }),
  },
  {
    name: 'a server that counts its errors',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: DAEMON,
      subject: 'There was an error sending your mail',
      text: `We had trouble delivering your message. Full details follow:\n\nSubject: 'News of March'\nDate: 'Tue, 3 Mar 2026 10:00:00 +0000'\n\n1 error(s):\n\nSMTP Server <in.far.example> rejected recipient <reader@far.example> (Error following RCPT command). It responded as follows: [550 5.1.1 User unknown]\n`,
    }),
  },
  {
    name: 'a server that speaks of accounts',
    kind: 'failed',
    recipients: [['reader@far.example', 'inactive-user']],
    mail: plain({
      from: DAEMON,
      subject: 'Failure Notice',
      text: `Unable to deliver message to the following address(es).\n\n<reader@far.example>:\nThis account has been disabled or discontinued [#102].\n\n--- Original message follows.\n\n${RETURNED}`,
    }),
  },
  {
    name: 'Lotus Notes',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: 'postmaster@far.example',
      subject: 'DELIVERY FAILURE: User not listed in public Name & Address Book',
      text: `------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\nreader@far.example\n\n\n------- Returned Message --------\n\n${RETURNED}`,
    }),
  },
  {
    name: 'Domino',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: dsn({
      from: 'postmaster@far.example',
      subject: 'DELIVERY FAILURE: User reader (reader@far.example) not listed in Domino Directory',
      text: 'Your message\n\n  Subject: News of March\n\nwas not delivered to:\n\n  reader@far.example\n\nbecause:\n\n  User reader (reader@far.example) not listed in Domino Directory',
      fields:
        'Final-Recipient: rfc822;reader@far.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: X-Notes; User reader (reader@far.example) not listed in Domino Directory',
    }),
  },
  {
    name: 'Sun messaging server, an address of the inside',
    kind: 'failed',
    recipients: [['reader@far.example', 'mailbox-full']],
    mail: dsn({
      from: 'Internet Mail Delivery <postmaster@far.example>',
      subject: 'Delivery Notification: Delivery has failed',
      text: 'Your message cannot be delivered to the following recipients:\n\n  Recipient address: reader@store\n  Original address: reader@far.example\n  Reason: Over quota',
      fields:
        'Original-recipient: rfc822;reader@far.example\nFinal-recipient: rfc822;reader@store\nAction: failed\nStatus: 5.2.2 (Over quota)',
    }),
  },
  {
    name: 'a carrier in Japan, the transcript against the introduction',
    kind: 'failed',
    recipients: [['reader@far.example', 'refused']],
    mail: plain({
      from: 'Postmaster@far.example',
      subject: 'Mail System Error - Returned Mail',
      text: '次のあて先へのメッセージはエラーのため送信できませんでした。\n\n送信先メールアドレスが見つからないか、送信先メールサーバの事由により送信できませんでした。\n\nEach of the following recipients was rejected by a remote\nmail server.\n\n    Recipient: <reader@far.example>\n    >>> MAIL FROM:<news@shop.example>\n    <<< 550 too many unwanted messages have been sent from 192.0.2.1, your IP is blocked',
    }),
  },
  {
    name: 'a carrier in Japan, a disabled account called unknown',
    kind: 'failed',
    recipients: [['reader@far.example', 'inactive-user']],
    mail: plain({
      from: 'Postmaster@far.example',
      subject: 'Mail System Error - Returned Mail',
      text: '次のあて先へのメッセージはエラーのため送信できませんでした。\n\nThe user(s) account is disabled.\n\n<reader@far.example>: 550 user unknown (in reply to RCPT TO command)',
    }),
  },
  {
    name: 'a carrier in Japan, mailbox full',
    kind: 'failed',
    recipients: [['reader@far.example', 'mailbox-full']],
    mail: plain({
      from: 'no-reply@far.example',
      subject: 'Mail Delivery Failed',
      text: 'Your mail sent on: Tue, 3 Mar 2026 10:00:00\nCould not be delivered to: reader@far.example\n  As their mailbox is full.\n',
    }),
  },
  {
    name: 'a carrier of the USA',
    kind: 'failed',
    recipients: [['15550100@mobile.example', 'user-unknown']],
    mail: plain({
      from: 'post_master@mobile.example',
      subject: 'Undeliverable Message',
      text: 'Error: Invalid user address\n\nMessage details:\n  Subject: News\n  MAIL FROM: news@shop.example\n  RCPT TO: 15550100@mobile.example\n',
    }),
  },
  {
    name: 'a report passed on inside another mail',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: [
      'From: Mail Delivery Subsystem <MAILER-DAEMON@gate.far.example>',
      'To: bounce@shop.example',
      'Subject: Returned mail: User unknown',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=outer',
      '',
      '--outer',
      'Content-Type: text/plain',
      '',
      '----- The following addresses had permanent delivery errors -----',
      '',
      '--outer',
      'Content-Type: message/rfc822',
      '',
      dsn({
        from: DAEMON,
        subject: 'Returned mail: User unknown',
        text: '----- The following addresses had permanent delivery errors -----\nreader@far.example',
        fields:
          'Final-Recipient: rfc822; reader@far.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown',
      }),
      '--outer--',
    ].join('\r\n'),
  },
];
