import { expect, test } from 'vitest';

import { parseMailbox } from './mailbox.ts';

test.for<readonly [text: string, mailbox: object]>([
  [
    'imaps://us%40er:p%3Aw%2F@imap.example.com/Bounces%2F2026',
    {
      protocol: 'imap',
      secure: true,
      host: 'imap.example.com',
      port: 993,
      user: 'us@er',
      password: 'p:w/',
      folder: 'Bounces/2026',
      name: 'imap:us@er@imap.example.com:993/Bounces/2026',
      nth: 1,
    },
  ],
  ['imap://a:b@192.0.2.1', { protocol: 'imap', secure: false, port: 143, folder: 'INBOX' }],
  ['pop3s://a:b@pop.example.com', { protocol: 'pop3', secure: true, port: 995, name: 'pop3:a@pop.example.com:995' }],
  ['pop3://a:b@[2001:db8::1]:1110', { protocol: 'pop3', secure: false, host: '2001:db8::1', port: 1110 }],
])('%s', ([text, mailbox]) => {
  expect(parseMailbox(text, 0)).toMatchObject(mailbox);
});
