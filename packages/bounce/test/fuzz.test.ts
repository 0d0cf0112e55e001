import { expect, test } from 'vitest';

import {
  classifyMail,
  classifyReply,
  compileRules,
  DEFAULT_RULES,
  normaliseText,
  suggestPattern,
} from '../src/index.ts';
import { dsn, letter, octets } from './mail-shapes.ts';
import { OWN_MAILS } from './own-mails.ts';

const rules = compileRules(DEFAULT_RULES);
const MAILS = OWN_MAILS.map(({ mail }) => octets(mail));

/** Microseconds of this thread that any one mail may take: a tenth of what stops the reader that runs it. */
const MAX_CPU_MICROS = 100_000;

function cpuOf(mail: Uint8Array): number {
  const before = process.threadCpuUsage();
  classifyMail(mail, rules);
  return process.threadCpuUsage(before).user;
}

/** Numbers that look like chance and are the same in every run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

test('mails with octets overturned are read, each in its time', () => {
  const random = chance(7);
  for (const mail of MAILS) {
    for (let round = 0; round < 20; round += 1) {
      const broken = mail.slice();
      const flips = 1 + Math.floor(random() * 30);
      for (let flip = 0; flip < flips && broken.length > 0; flip += 1) {
        broken[Math.floor(random() * broken.length)] = Math.floor(random() * 256);
      }
      expect(() => classifyMail(broken, rules)).not.toThrow();
    }
  }
});

test('mails that end anywhere are read', () => {
  for (const mail of MAILS) {
    for (let end = 0; end < mail.length; end += 37)
      expect(() => classifyMail(mail.subarray(0, end), rules)).not.toThrow();
  }
});

test('mails with lines moved, doubled and lost are read', () => {
  const random = chance(11);
  for (const mail of MAILS) {
    for (let round = 0; round < 10; round += 1) {
      const lines = new TextDecoder().decode(mail).split('\r\n');
      for (let change = 0; change < 5; change += 1) {
        const at = Math.floor(random() * lines.length);
        const [line = ''] = lines.splice(at, random() < 0.5 ? 1 : 0);
        if (random() < 0.7) lines.splice(Math.floor(random() * lines.length), 0, line, line);
      }
      expect(() => classifyMail(octets(lines.join('\r\n')), rules)).not.toThrow();
    }
  }
});

function nested(depth: number): string {
  const open = Array.from(
    { length: depth },
    (_none, n) => `Content-Type: multipart/mixed; boundary=b${n}\r\n\r\n--b${n}\r\n`,
  );
  return `From: MAILER-DAEMON@far.example\r\nSubject: Undelivered Mail\r\n${open.join('')}Content-Type: text/plain\r\n\r\n<reader@far.example>: user unknown`;
}

const FIELDS = (count: number) =>
  Array.from(
    { length: count },
    (_none, n) =>
      `Final-Recipient: rfc822; r${n}@far.example\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n`,
  ).join('\n');

const report = (text: string, fields = '') =>
  dsn({ from: 'MAILER-DAEMON@far.example', subject: 'Undelivered Mail', text, fields });

test.each([
  ['parts in parts, 100 deep', nested(100)],
  ['parts in parts, 5,000 deep', nested(5000)],
  [
    '10,000 parts',
    letter(['Content-Type: multipart/mixed; boundary=b'], '--b\nContent-Type: text/plain\n\nx\n'.repeat(10_000)),
  ],
  ['a body of 5 MB', report('word '.repeat(1_000_000))],
  ['a line of 5 MB without a space', report('x'.repeat(5_000_000))],
  ['5 MB of at signs', report('a@'.repeat(2_500_000))],
  [
    '100,000 header lines',
    letter(
      Array.from({ length: 100_000 }, (_none, n) => `X-H${n}: ${n}`),
      'x',
    ),
  ],
  ['one header of 5 MB', letter([`Subject: ${'=?utf-8?q?a?= '.repeat(380_000)}`], 'x')],
  ['a header folded 100,000 times', letter([`To: ${'a@far.example,\r\n '.repeat(100_000)}`], 'x')],
  ['brackets without end', report('<'.repeat(500_000))],
  ['replies without end', report('<<< 550 5.1.1 >>> RCPT TO '.repeat(20_000))],
  ['tags without end', letter(['Content-Type: text/html'], '<style '.repeat(100_000))],
  ['spaces', letter(['Subject: x'], ' '.repeat(2_000_000))],
  ['dashes', letter(['Content-Type: multipart/mixed; boundary=-'], '-'.repeat(1_000_000))],
  ['carriage returns', letter(['Subject: x'], '\r'.repeat(1_000_000))],
])('%s cost no more than other mails', (_what, mail) => {
  // The first reading may meet functions that the engine has not compiled yet.
  cpuOf(octets(mail));
  expect(Math.min(cpuOf(octets(mail)), cpuOf(octets(mail)))).toBeLessThan(MAX_CPU_MICROS * 4);
});

test('a report about 10,000 recipients names them all', () => {
  const { recipients } = classifyMail(octets(report('', FIELDS(10_000))), rules);
  expect(recipients).toHaveLength(10_000);
  expect(recipients.at(-1)).toMatchObject({ recipient: 'r9999@far.example', reason: 'user-unknown', type: 'hard' });
});

test('charsets that contradict each other, or that nobody knows, are read', () => {
  for (const charset of ['iso-2022-jp', 'shift_jis', 'utf-7', 'x-unknown', 'euc-kr', '', '"']) {
    const mail = Buffer.concat([
      Buffer.from(
        `From: MAILER-DAEMON@far.example\r\nSubject: =?${charset}?B?gsg=?= Undelivered\r\nContent-Type: text/plain; charset=${charset}\r\n\r\n<reader@far.example>: `,
      ),
      Buffer.from([0xe3, 0x81, 0x82, 0x82, 0xa0, 0xff, 0xfe, 0x80]),
      Buffer.from('\r\n550 5.1.1 user unknown\r\n'),
    ]);
    expect(classifyMail(mail, rules).recipients).toMatchObject([
      { recipient: 'reader@far.example', reason: 'user-unknown' },
    ]);
  }
});

test('replies of any shape are read and put in order', () => {
  const random = chance(13);
  for (let round = 0; round < 2000; round += 1) {
    const reply = Array.from({ length: Math.floor(random() * 80) }, () =>
      String.fromCharCode(Math.floor(random() ** 3 * 65_536)),
    ).join('');
    expect(() => classifyReply(reply, {}, rules)).not.toThrow();
    const kept = normaliseText(reply);
    expect(kept.length).toBeLessThanOrEqual(500);
    expect(() => suggestPattern(reply)).not.toThrow();
  }
});
