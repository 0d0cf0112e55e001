import { expect, test } from 'vitest';

import { EHLO, gone, MAIL, message, play, RCPT, send, silent, verify, type Row } from '../test/dialog-diary.ts';
import type { DialogEvent } from './dialog.ts';

const CLEAR = ['close reset protocol-error'];

test.for<Row>([
  ['is accepted', [send, '250', '250', '354', '250'], [MAIL, RCPT, 'DATA', 'write-content', 'accepted 250']],
  ['is accepted after 251', [send, '250', '251', '354', '250'], [MAIL, RCPT, 'DATA', 'write-content', 'accepted 250']],
  ['is refused at MAIL, and the next goes on', [send, '550', send], [MAIL, 'refused MAIL 550', MAIL]],
  [
    'is refused at RCPT, and RSET goes before the next',
    [send, '250', '550', send, '250'],
    [MAIL, RCPT, 'refused RCPT 550', 'RSET', MAIL],
  ],
  ['is refused at DATA', [send, '250', '250', '451'], [MAIL, RCPT, 'DATA', 'refused DATA 451']],
  [
    'is refused after its content',
    [send, '250', '250', '354', '554'],
    [MAIL, RCPT, 'DATA', 'write-content', 'refused content 554'],
  ],
  [
    'is unreachable when MAIL gets 421',
    [send, '421'],
    [MAIL, 'unreachable service-closing', 'close await-peer service-closing'],
  ],
  [
    'is unreachable when RCPT gets 421',
    [send, '250', '421'],
    [MAIL, RCPT, 'unreachable service-closing', 'close await-peer service-closing'],
  ],
  [
    'is refused when its content gets 421',
    [send, '250', '250', '354', '421'],
    [MAIL, RCPT, 'DATA', 'write-content', 'refused content 421', 'close await-peer service-closing'],
  ],
  [
    'is unreachable when DATA gets 250',
    [send, '250', '250', '250'],
    [MAIL, RCPT, 'DATA', 'unreachable protocol-error', ...CLEAR],
  ],
  ['is unreachable when MAIL gets 354', [send, '354'], [MAIL, 'unreachable protocol-error', ...CLEAR]],
  [
    'is unreachable when the answer to RCPT comes before RCPT',
    [send, '250…'],
    [MAIL, 'unreachable protocol-error', ...CLEAR],
  ],
  [
    'is unreachable when the final reply comes before the content',
    [send, '250', '250', '354…'],
    [MAIL, RCPT, 'DATA', 'unreachable protocol-error', ...CLEAR],
  ],
  [
    'is unreachable when the server goes before 354',
    [send, '250', '250', gone],
    [MAIL, RCPT, 'DATA', 'unreachable closed-by-peer', 'close await-peer closed-by-peer'],
  ],
  [
    'is in doubt when the server goes before its final reply',
    [send, '250', '250', '354', gone],
    [MAIL, RCPT, 'DATA', 'write-content', 'in-doubt closed-by-peer', 'close await-peer closed-by-peer'],
  ],
  [
    'is in doubt when 354 is all that ever comes',
    [send, '250', '250', '354', silent],
    [MAIL, RCPT, 'DATA', 'write-content', 'in-doubt timed-out', 'close reset timed-out'],
  ],
  [
    'is in doubt when its content gets 354',
    [send, '250', '250', '354', '354'],
    [MAIL, RCPT, 'DATA', 'write-content', 'in-doubt protocol-error', ...CLEAR],
  ],
  [
    'is accepted, though 421 came with its final reply',
    [send, '250', '250', '354', '250…', '421'],
    [MAIL, RCPT, 'DATA', 'write-content', 'accepted 250', 'close await-peer service-closing'],
  ],
  ['is verified', [verify, '250', '250', '250', send], [MAIL, RCPT, 'RSET', 'verified 250', MAIL]],
  ['is refused when verified', [verify, '250', '550'], [MAIL, RCPT, 'refused RCPT 550']],
  [
    'is verified though RSET gets 421',
    [verify, '250', '250', '421'],
    [MAIL, RCPT, 'RSET', 'verified 250', 'close await-peer service-closing'],
  ],
  [
    'is unreachable when RSET before it is refused',
    [send, '250', '550', send, '500'],
    [MAIL, RCPT, 'refused RCPT 550', 'RSET', 'unreachable protocol-error', ...CLEAR],
  ],
])('a message in lockstep %s', ([, script, diary]) => {
  expect(play(['220', '250', ...script]).slice(2)).toEqual(diary);
});

const GROUP = `${MAIL} | ${RCPT} | DATA`;

test.for<Row>([
  ['is accepted', [send, '250', '250', '354', '250'], [GROUP, 'write-content', 'accepted 250']],
  [
    'is accepted when all its replies come at once',
    [send, '250…', '250…', '354', '250'],
    [GROUP, 'write-content', 'accepted 250'],
  ],
  ['is refused at MAIL once all have answered', [send, '550', '503', '503', send], [GROUP, 'refused MAIL 550', GROUP]],
  [
    'is refused at RCPT, and RSET goes with the next',
    [send, '250', '550', '503', send, '250'],
    [GROUP, 'refused RCPT 550', `RSET | ${GROUP}`],
  ],
  [
    'is refused at RCPT, and a lone dot ends the 354',
    [send, '250', '550', '354', '554', send],
    [GROUP, '.', 'refused RCPT 550', `RSET | ${GROUP}`],
  ],
  [
    'is refused at RCPT, and a server that accepts nothing for nobody gets lockstep',
    [send, '250', '550', '354', '250', send, '250'],
    [GROUP, '.', 'misbehaved', 'refused RCPT 550', 'RSET', MAIL],
  ],
  [
    'is refused at RCPT, though the lone dot is never answered',
    [send, '250', '550', '354', gone],
    [GROUP, '.', 'refused RCPT 550', 'close await-peer closed-by-peer'],
  ],
  [
    'is refused at RCPT, though more than 354 came',
    [send, '250', '550', '354…'],
    [GROUP, 'refused RCPT 550', 'misbehaved', ...CLEAR],
  ],
  [
    'is refused at MAIL, and no dot goes to a recipient who was accepted',
    [send, '550', '250', '354'],
    [GROUP, 'refused MAIL 550', 'misbehaved', ...CLEAR],
  ],
  ['is refused at DATA', [send, '250', '250', '452'], [GROUP, 'refused DATA 452']],
  [
    'is unreachable when 421 comes for MAIL',
    [send, '421…'],
    [GROUP, 'unreachable service-closing', 'close await-peer service-closing'],
  ],
  [
    'is refused at RCPT, though 421 follows',
    [send, '250', '550', '421'],
    [GROUP, 'refused RCPT 550', 'close await-peer service-closing'],
  ],
  [
    'is unreachable when the server counts its replies wrong',
    [send, '250', '250', '250'],
    [GROUP, 'unreachable protocol-error', 'misbehaved', ...CLEAR],
  ],
  [
    'is unreachable when the server answers MAIL alone',
    [send, '250', silent],
    [GROUP, 'unreachable timed-out', 'misbehaved', 'close reset timed-out'],
  ],
  [
    'is unreachable when the server answers nothing',
    [send, silent],
    [GROUP, 'unreachable timed-out', 'close reset timed-out'],
  ],
  [
    'is verified in one group',
    [verify, '250', '250', '250', send],
    [`${MAIL} | ${RCPT} | RSET`, 'verified 250', GROUP],
  ],
  [
    'is refused when verified, and RSET has been',
    [verify, '250', '550', '250', send],
    [`${MAIL} | ${RCPT} | RSET`, 'refused RCPT 550', GROUP],
  ],
])('a message in a group %s', ([, script, diary]) => {
  expect(play(['220', '250 PIPELINING', ...script]).slice(2)).toEqual(diary);
});

test('a server known to misbehave under PIPELINING gets lockstep', () => {
  expect(play(['220', '250 PIPELINING', send], { pipelining: false })).toEqual([EHLO, 'opened', MAIL]);
});

const upToContent = ['220', '250 PIPELINING', send, { kind: 'start', allowed: true }, '250', '250', '354'] as const;

test.for<Row>([
  ['is unreachable when the server goes', [gone], ['unreachable closed-by-peer', 'close await-peer closed-by-peer']],
  ['is unreachable on 421', ['421'], ['unreachable service-closing', 'close await-peer service-closing']],
  ['is refused on 552', ['552'], ['refused content 552', 'close reset refused']],
  ['is not accepted by 250', ['250'], ['unreachable protocol-error', 'misbehaved', ...CLEAR]],
])('a message whose content is under way %s', ([, script, diary]) => {
  expect(play([...upToContent, ...script], {}, true).slice(5)).toEqual(diary);
});

test('a message that may not start is withheld, and MAIL never written', () => {
  const diary = play(['220', '250', send, { kind: 'start', allowed: false }, send], {}, true);
  expect(diary).toEqual([EHLO, 'opened', 'ask-to-start', 'withheld', 'ask-to-start']);
});

test('a message that the server cannot take costs it no MAIL', () => {
  const utf8: DialogEvent = { kind: 'message', message: { ...message, smtpUtf8: true } };
  expect(play(['220', '250', utf8, send])).toEqual([EHLO, 'opened', 'refused local 553', MAIL]);
});
