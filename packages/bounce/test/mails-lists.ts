import { letter, RETURNED } from './mail-shapes.ts';
import type { OwnMail } from './mails-unix.ts';

/** What the machines of mailing lists answer to those who may not post. */
export const LIST_MAILS: readonly OwnMail[] = [
  {
    name: 'LISTSERV, no right to post',
    kind: 'failed',
    recipients: [['birds@list.far.example', 'refused']],
    mail: letter(
      [
        'Return-Path: <>',
        'From: Birds list server <LISTSERV@list.far.example>',
        'To: bounce@shop.example',
        'Subject: Rejected posting to birds@list.far.example',
      ],
      `You are not authorized to send mail to the birds list from your\nbounce@shop.example account.\n\n--- Rejected message (12 lines) ---\n${RETURNED.replaceAll('reader@far.example', 'birds@list.far.example')}`,
    ),
  },
  {
    name: 'Mailman, no right to post',
    kind: 'failed',
    recipients: [['reader@far.example', 'refused']],
    mail: letter(
      [
        'From: reader-owner@far.example',
        'To: bounce@shop.example',
        'Subject: News of March',
        'List-Id: <reader.far.example>',
      ],
      `You are not allowed to post to this mailing list, and your message has\nbeen automatically rejected. If you think that this is an error, contact the owner at\nreader-owner@far.example.\n\n---- Original message ----\n\n${RETURNED}`,
    ),
  },
  {
    name: 'Majordomo, not a member',
    kind: 'failed',
    recipients: [['reader@far.example', 'refused']],
    mail: letter(
      [
        'From: owner-reader@far.example',
        'To: bounce@shop.example',
        'Subject: BOUNCE reader@far.example: Non-member submission from ["Shop" <news@shop.example>]',
      ],
      RETURNED,
    ),
  },
];
