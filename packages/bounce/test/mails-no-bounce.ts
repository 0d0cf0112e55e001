import { dsn, letter, plain, RETURNED } from './mail-shapes.ts';
import type { OwnMail } from './mails-unix.ts';

/** A feedback report of the given type (RFC 5965). */
function feedback(type: string, from = 'Feedback Loop <fbl@far.example>'): string {
  return [
    `From: ${from}`,
    'To: bounce@shop.example',
    'Subject: FW: News of March',
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=feedback-report; boundary=f',
    '',
    '--f',
    'Content-Type: text/plain',
    '',
    'This is an email abuse report for an email message received from 198.51.100.7.',
    '--f',
    'Content-Type: message/feedback-report',
    '',
    `Feedback-Type: ${type}`,
    'User-Agent: Far/1.0',
    'Version: 1',
    'Original-Rcpt-To: reader@far.example',
    '--f',
    'Content-Type: message/rfc822',
    '',
    RETURNED,
    '',
    'Hello',
    '--f--',
    '',
  ].join('\r\n');
}

const person = (subject: string, extra: readonly string[], text: string) =>
  letter(
    [
      'From: Reader <reader@far.example>',
      'To: bounce@shop.example',
      `Subject: ${subject}`,
      'Date: Tue, 3 Mar 2026 10:00:05 +0000',
      ...extra,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
    ],
    text,
  );

const AWAY: readonly (readonly [language: string, subject: string, text: string])[] = [
  ['English', 'Out of office: News of March', 'I am on holiday until Monday. My mailbox is full of work.'],
  ['German', 'Automatische Antwort: News of March', 'Ich bin nicht im Büro. Diese Adresse existiert nicht mehr lange.'],
  ['French', 'Réponse automatique : News of March', 'Je suis absent du bureau.'],
  ['Spanish', 'Respuesta automática: News of March', 'Estoy fuera de la oficina.'],
  ['Portuguese', 'Resposta automática: News of March', 'Estou fora do escritório.'],
  ['Italian', 'Risposta automatica: News of March', 'Sono fuori ufficio.'],
  ['Dutch', 'Automatisch antwoord: News of March', 'Ik ben afwezig.'],
  ['Polish', 'Automatyczna odpowiedź: News of March', 'Jestem poza biurem.'],
  ['Russian', 'Автоматический ответ: News of March', 'Я в отпуске.'],
  ['Japanese', '自動返信: News of March', '不在にしております。'],
  ['Chinese', '自动回复: News of March', '我正在休假。'],
];

/** Mails that reach an error address and are no bounces. */
export const OTHER_MAILS: readonly OwnMail[] = [
  ...['abuse', 'fraud', 'virus', 'other'].map((type): OwnMail => ({
    name: `a complaint of type ${type}`,
    kind: 'complaint',
    recipients: [['reader@far.example', 'refused']],
    mail: feedback(type),
  })),
  {
    name: 'a report that it was no spam',
    kind: 'feedback',
    recipients: [['reader@far.example', 'ignored']],
    mail: feedback('not-spam'),
  },
  {
    name: 'a report of authentication',
    kind: 'feedback',
    recipients: [['reader@far.example', 'ignored']],
    mail: feedback('auth-failure'),
  },
  {
    name: 'a receipt',
    kind: 'receipt',
    recipients: [['reader@far.example', 'ignored']],
    mail: [
      'From: reader@far.example',
      'To: bounce@shop.example',
      'Subject: Read: News of March',
      'MIME-Version: 1.0',
      'Content-Type: multipart/report; report-type=disposition-notification; boundary=m',
      '',
      '--m',
      'Content-Type: text/plain',
      '',
      'Your message was read.',
      '--m',
      'Content-Type: message/disposition-notification',
      '',
      'Final-Recipient: rfc822;reader@far.example',
      'Disposition: manual-action/MDN-sent-manually; displayed',
      '--m--',
      '',
    ].join('\r\n'),
  },
  ...AWAY.map(([language, subject, text]): OwnMail => ({
    name: `out of office in ${language}, no header says so`,
    kind: 'auto-reply',
    recipients: [['reader@far.example', 'ignored']],
    mail: person(subject, [], text),
  })),
  {
    name: 'an automatic answer told by its header only',
    kind: 'auto-reply',
    recipients: [['reader@far.example', 'ignored']],
    mail: person(
      'Re: News of March',
      ['Auto-Submitted: auto-replied'],
      'Your message could not be delivered to my attention, since the user unknown to many is away.',
    ),
  },
  {
    name: 'a challenge',
    kind: 'challenge',
    recipients: [['reader@far.example', 'ignored']],
    mail: person(
      'Please confirm your message',
      [],
      'To protect me from spam, please verify that you are a human: click https://far.example/c/1 and your mail will be delivered.',
    ),
  },
  {
    name: 'a challenge that calls itself a delivery notice',
    kind: 'challenge',
    recipients: [['reader@far.example', 'ignored']],
    mail: plain({
      from: 'reader@far.example',
      subject: 'Action required to deliver your message',
      text: 'Your message is being held. Please confirm that you are a real sender by visiting https://far.example/c/2',
    }),
  },
  {
    name: 'a question of a reader',
    kind: 'ordinary',
    recipients: [],
    mail: person(
      'Re: News of March',
      ['In-Reply-To: <01J8.test@shop.example>'],
      'Hello, could you tell me when the sale ends? Best, R.',
    ),
  },
  {
    name: 'a reader who writes of an error',
    kind: 'ordinary',
    recipients: [],
    mail: person(
      'Question about delivery',
      [],
      'Hi, the parcel was not delivered, the address was unknown to the driver. Can you help?',
    ),
  },
  {
    name: 'a shop that writes of a delivery of its own',
    kind: 'ordinary',
    recipients: [],
    mail: person(
      'Delivery status of your order',
      [],
      'Your parcel could not be delivered. Contact us at help@store.example',
    ),
  },
  {
    name: 'a report that a person passes on',
    kind: 'ordinary',
    recipients: [],
    mail: person(
      'Fwd: Undelivered Mail Returned to Sender',
      [],
      'What is this?\n\n> <jane@c.example>: host mx said: 550 5.1.1 user unknown',
    ),
  },
  {
    name: 'a machine that answers an answer about a report',
    kind: 'auto-reply',
    recipients: [['reader@far.example', 'ignored']],
    mail: person(
      'Automatische Antwort: Ihre Nachricht konnte nicht zugestellt werden',
      [],
      'Ich bin im Urlaub, bitte wenden Sie sich an c@b.example',
    ),
  },
  {
    name: 'a challenge in a report',
    kind: 'challenge',
    recipients: [['reader@far.example', 'ignored']],
    mail: dsn({
      from: 'MAILER-DAEMON@far.example',
      subject: 'Undelivered Mail Returned to Sender',
      text: '<reader@far.example>: 550 Your server requires confirmation. Visit http://far.example/allow',
      fields:
        'Final-Recipient: rfc822; reader@far.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 Your server requires confirmation. Visit http://far.example/allow',
    }),
  },
  {
    name: 'a person who asks why a message was blocked',
    kind: 'ordinary',
    recipients: [],
    mail: letter(
      ['From: Reader <reader@far.example>', 'To: bounce@shop.example', 'Subject: message blocked'],
      `My page says that I am not allowed to post with reader@far.example. Why?\n\n----- Original Message -----\n${RETURNED}`,
    ),
  },
  { name: 'an empty mail', kind: 'ordinary', recipients: [], mail: '' },
  { name: 'only a header section', kind: 'ordinary', recipients: [], mail: 'From: a@far.example\r\nSubject: x\r\n' },
];
