import { expect, test } from 'vitest';

import { EHLO, gone, play, quit, secured, silent, type Row } from '../test/dialog-diary.ts';

test.for<Row>([
  ['opens', ['220', '250'], [EHLO, 'opened']],
  ['falls back to HELO', ['220', '502', '250'], [EHLO, 'HELO out.example', 'opened']],
  ['does not fall back on 4yz', ['220', '451'], [EHLO, 'failed ehlo refused', 'close quit refused']],
  [
    'fails where HELO is refused too',
    ['220', '502', '550'],
    [EHLO, 'HELO out.example', 'failed ehlo refused', 'close quit refused'],
  ],
  ['fails on 554 as greeting', ['554'], ['failed greeting refused', 'close quit refused']],
  ['fails on 421 as greeting', ['421'], ['failed greeting service-closing', 'close await-peer service-closing']],
  ['fails on 354 as greeting', ['354'], ['failed greeting protocol-error', 'close reset protocol-error']],
  ['fails on silence', [silent], ['failed greeting timed-out', 'close reset timed-out']],
  [
    'takes no answer to what it has not said',
    ['220…'],
    ['failed greeting protocol-error', 'close reset protocol-error'],
  ],
  [
    'uses TLS where offered',
    ['220', '250 STARTTLS', '220', secured, '250'],
    [EHLO, 'STARTTLS', 'start-tls', EHLO, 'opened'],
    { tlsPolicy: 'opportunistic' },
  ],
  ['stays in clear where TLS is not offered', ['220', '250'], [EHLO, 'opened'], { tlsPolicy: 'opportunistic' }],
  [
    'stays in clear where STARTTLS is refused',
    ['220', '250 STARTTLS', '454'],
    [EHLO, 'STARTTLS', 'opened'],
    { tlsPolicy: 'opportunistic' },
  ],
  ['leaves TLS alone where disabled', ['220', '250 STARTTLS'], [EHLO, 'opened']],
  [
    'insists on TLS',
    ['220', '250'],
    [EHLO, 'failed tls tls-not-offered', 'close quit tls-not-offered'],
    { tlsPolicy: 'required' },
  ],
  [
    'insists on TLS under HELO',
    ['220', '500', '250'],
    [EHLO, 'HELO out.example', 'failed tls tls-not-offered', 'close quit tls-not-offered'],
    { tlsPolicy: 'required' },
  ],
  [
    'insists on TLS that is refused',
    ['220', '250 STARTTLS', '454'],
    [EHLO, 'STARTTLS', 'failed tls refused', 'close quit refused'],
    { tlsPolicy: 'required' },
  ],
  [
    'takes no octet between STARTTLS and the handshake',
    ['220', '250 STARTTLS', '220…'],
    [EHLO, 'STARTTLS', 'failed tls protocol-error', 'close reset protocol-error'],
    { tlsPolicy: 'opportunistic' },
  ],
  [
    'takes no reply during the handshake',
    ['220', '250 STARTTLS', '220', '250'],
    [EHLO, 'STARTTLS', 'start-tls', 'failed tls protocol-error', 'close reset protocol-error'],
    { tlsPolicy: 'opportunistic' },
  ],
  ['takes leave', ['220', '250', quit, '221'], [EHLO, 'opened', 'QUIT', 'close await-peer quit']],
  ['is closed by an idle server', ['220', '250', gone], [EHLO, 'opened', 'close await-peer closed-by-peer']],
  ['is closed by 421 while idle', ['220', '250', '421'], [EHLO, 'opened', 'close await-peer service-closing']],
  ['is closed by an unsolicited reply', ['220', '250', '250'], [EHLO, 'opened', 'close reset protocol-error']],
])('a session %s', ([, script, diary, own]) => {
  expect(play(script, own)).toEqual(diary);
});
