import { dsn, plain, RETURNED } from './mail-shapes.ts';
import type { OwnMail } from './mails-unix.ts';

/** Mails of mailbox providers and of sending services. */
export const PROVIDER_MAILS: readonly OwnMail[] = [
  {
    name: 'Gmail, text of old',
    kind: 'failed',
    recipients: [['reader@far.example', 'mailbox-full']],
    mail: plain({
      from: 'Mail Delivery Subsystem <mailer-daemon@googlemail.com>',
      subject: 'Delivery Status Notification (Failure)',
      headers: ['X-Failed-Recipients: reader@far.example'],
      text: `Delivery to the following recipient failed permanently:\n\n     reader@far.example\n\nTechnical details of permanent failure:\nGoogle tried to deliver your message, but it was rejected by the recipient domain. We recommend contacting the other email provider for further information about the cause of this error. The error that the other server returned was: 550 550 5.2.2 <reader@far.example>... Mailbox Full (state 14).\n\n----- Original message -----\n\n${RETURNED}`,
    }),
  },
  {
    name: 'Gmail, no such domain',
    kind: 'failed',
    recipients: [['reader@nowhere.example', 'invalid-domain']],
    mail: plain({
      from: 'Mail Delivery Subsystem <mailer-daemon@googlemail.com>',
      subject: 'Delivery Status Notification (Failure)',
      headers: ['X-Failed-Recipients: reader@nowhere.example'],
      text: `Delivery to the following recipient failed permanently:\n\n     reader@nowhere.example\n\nTechnical details of permanent failure:\nDNS Error: Domain name not found\n\n----- Original message -----\n\n${RETURNED}`,
    }),
  },
  {
    name: 'Gmail of today',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: dsn({
      from: 'Mail Delivery Subsystem <mailer-daemon@googlemail.com>',
      subject: 'Delivery Status Notification (Failure)',
      headers: ['X-Failed-Recipients: reader@far.example'],
      text: "\n** Address not found **\n\nYour message wasn't delivered to reader@far.example because the address couldn't be found, or is unable to receive mail.\n\nLearn more here: https://support.google.com/mail/?p=NoSuchUser\n\nThe response was:\n\n550 5.1.1 The email account that you tried to reach does not exist.",
      fields:
        "Final-Recipient: rfc822; reader@far.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try\n 550-5.1.1 double-checking the recipient's email address for typos",
    }),
  },
  {
    name: 'Gmail, blocked for what was sent',
    kind: 'failed',
    recipients: [['reader@far.example', 'refused']],
    mail: dsn({
      from: 'Mail Delivery Subsystem <mailer-daemon@googlemail.com>',
      subject: 'Delivery Status Notification (Failure)',
      text: '** Message blocked **\n\nYour message to reader@far.example has been blocked.',
      fields:
        'Final-Recipient: rfc822; reader@far.example\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550-5.7.1 [192.0.2.1 12] Our system has detected that this message is\n 550-5.7.1 likely unsolicited mail. To reduce the amount of spam sent to Gmail,\n 550 5.7.1 this message has been blocked.',
    }),
  },
  {
    name: 'Google Groups in a language that no rule reads',
    kind: 'failed',
    recipients: [['cats@googlegroups.example', 'refused']],
    mail: plain({
      from: 'mailer-daemon@googlemail.com',
      subject: 'Delivery Status Notification (Failure)',
      headers: ['X-Failed-Recipients: cats@googlegroups.example'],
      text: `Hei news@shop.example,\n\nViestiä ei voitu lähettää.\n\nLue lisää: https://groups.google.com/support/.\n\n----- Original message -----\n\n${RETURNED}`,
    }),
  },
  {
    name: 'Microsoft 365',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: dsn({
      from: 'Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@far.example>',
      subject: 'Undeliverable: News of March',
      text: "Delivery has failed to these recipients or groups:\n\nreader@far.example<mailto:reader@far.example>\nThe email address you entered couldn't be found. Please check the recipient's email address and try to resend the message.\n\nDiagnostic information for administrators:\n\nGenerating server: AM0.far.example\n\nreader@far.example\nRemote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup'",
      fields:
        'Final-recipient: RFC822;\n reader@far.example\nAction: failed\nStatus: 5.1.10\nDiagnostic-code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient\n reader@far.example not found by SMTP address lookup',
    }),
  },
  {
    name: 'Exchange in German',
    kind: 'failed',
    recipients: [['reader@far.example', 'mailbox-full']],
    mail: plain({
      from: 'postmaster@far.example',
      subject: 'Unzustellbar: News of March',
      text: 'Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Verteilerlisten:\n\nreader@far.example\nDas Postfach des Empfängers ist voll. Microsoft Exchange versucht nicht, die Nachricht erneut zu übermitteln.\n\nDiagnoseinformationen für Administratoren:\n\nServer: mx.far.example\n\nreader@far.example\n#550 5.2.2 STOREDRV.Deliver: mailbox full ##',
    }),
  },
  {
    name: 'Exchange in French',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: 'postmaster@far.example',
      subject: 'Non remis : News of March',
      text: "Échec de la remise pour les destinataires ou les listes de distribution suivants :\n\nreader@far.example\nL'adresse de messagerie que vous avez entrée est introuvable. Vérifiez l'adresse du destinataire.\n",
    }),
  },
  {
    name: 'Exchange 2003',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: 'System Administrator <postmaster@far.example>',
      subject: 'Undeliverable: News of March',
      text: 'Your message\n\n  To:      other@far.example\n  Subject: News of March\n  Sent:    Tue, 3 Mar 2026 10:00:00 -0000\n\ndid not reach the following recipient(s):\n\nreader@far.example on Tue, 3 Mar 2026 10:00:05 -0000\n    The recipient name is not recognized\n\tThe MTS-ID of the original message is: c=us;a= ;p=far;l=X0123\n',
    }),
  },
  {
    name: 'Outlook.com, names do not match',
    kind: 'failed',
    recipients: [['reader@far.example', 'refused']],
    mail: dsn({
      from: 'postmaster@mail.hotmail.com',
      subject: 'Delivery Status Notification (Failure)',
      charset: 'unicode-1-1-utf-7',
      text: 'This is an automatically generated Delivery Status Notification.\n\nDelivery to the following recipients failed.\n\n       reader+AEA-far.example',
      fields:
        'Final-Recipient: rfc822;reader@far.example\nAction: failed\nStatus: 5.5.0\nDiagnostic-Code: smtp;550 domain [shop.example] mismatches client ip 192.0.2.225.',
    }),
  },
  {
    name: 'Yahoo',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: 'MAILER-DAEMON@yahoo.com',
      subject: 'Failure Notice',
      text: `Sorry, we were unable to deliver your message to the following address.\n\n<reader@far.example>:\nRemote host said:\n550 5.1.1 <reader@far.example>... User Unknown\n [RCPT_TO]\n\n--- Below this line is a copy of the message.\n\n${RETURNED}`,
    }),
  },
  {
    name: 'Amazon SES',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: dsn({
      from: 'MAILER-DAEMON@amazonses.com',
      subject: 'Delivery Status Notification (Failure)',
      text: 'An error occurred while trying to deliver the mail to the following recipients:\nreader@far.example',
      fields:
        'Final-Recipient: rfc822;reader@far.example\nDiagnostic-Code: smtp;550 5.1.1 unknown user\nStatus: 5.1.1\nAction: failed',
    }),
  },
  {
    name: 'SendGrid, fields that lack the protocol',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: dsn({
      from: 'MAILER-DAEMON <bounces@sendgrid.net>',
      subject: 'Undelivered Mail Returned to Sender',
      text: "This is an automatically generated message from SendGrid.\n\nI'm sorry to have to tell you that your message was not able to be delivered to one of its intended recipients.",
      fields:
        'Final-Recipient: rfc822; reader@far.example\nOriginal-Recipient: rfc822; reader@far.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: 550 5.1.1 The email account that you tried to reach does not exist.',
    }),
  },
  {
    name: 'Zoho, not reachable',
    kind: 'delayed',
    recipients: [['reader@far.example', 'unreachable']],
    mail: plain({
      from: 'mailer-daemon@mail.zoho.com',
      subject: 'Delivery Delayed',
      text: 'This message was created automatically by mail delivery software.\nA message that you sent could not be delivered to one or more of its recipients. This is a temporary error.\n\n[Status: Error, Address: <reader@far.example>, ResponseCode 421, , Host not reachable.]\n\nMessage will be retried for 4 more day(s)\n',
    }),
  },
  {
    name: 'GMX',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: 'GMX Mailer Daemon <mailer-daemon@gmx.example>',
      subject: 'Mail delivery failed: returning message to sender',
      text: `This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of\nits recipients. This is a permanent error. The following address\nfailed:\n\n"reader@far.example":\nSMTP error from remote server after RCPT command:\nhost: in.far.example\n5.1.1 <reader@far.example>... User Unknown\n\n--- The header of the original message is following. ---\n\n${RETURNED}`,
    }),
  },
  {
    name: 'mail.ru',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: 'mailer-daemon@corp.mail.example',
      subject: 'Mail failure.',
      headers: ['X-Failed-Recipients: reader@far.example'],
      text: `This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n  reader@far.example\n    SMTP error from remote mail server after RCPT TO:<reader@far.example>:\n    host in.far.example [192.0.2.9]: 550 Message was not accepted -- invalid mailbox.\n    Local mailbox reader@far.example is unavailable: user not found\n\n------ This is a copy of the message, including all the headers. ------\n\n${RETURNED}`,
    }),
  },
  {
    name: 'Yandex in Russian',
    kind: 'failed',
    recipients: [['reader@far.example', 'mailbox-full']],
    mail: plain({
      from: 'mailer-daemon@yandex.example',
      subject: 'Недоставленное сообщение',
      text: 'Ваше сообщение не может быть доставлено следующим получателям:\n\n<reader@far.example>: Почтовый ящик получателя переполнен\n',
    }),
  },
  {
    name: 'a provider in Spanish',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: 'postmaster@far.example',
      subject: 'No se puede entregar: News of March',
      text: 'No se pudo entregar el mensaje a los siguientes destinatarios:\n\nreader@far.example\nLa dirección de correo electrónico no existe.\n',
    }),
  },
  {
    name: 'a provider in Chinese',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: 'PostMaster@far.example',
      subject: '系统退信',
      text: '您的邮件无法投递到以下收件人：\n\nreader@far.example\n\n收件人邮箱地址不存在\n',
    }),
  },
  {
    name: 'a provider in Korean',
    kind: 'failed',
    recipients: [['reader@far.example', 'user-unknown']],
    mail: plain({
      from: 'mailer-daemon@far.example',
      subject: '메일 전송 실패',
      text: '다음 받는 사람에게 메일을 보내지 못했습니다.\n\nreader@far.example\n받는 사람의 메일 주소를 찾을 수 없습니다\n',
    }),
  },
];
