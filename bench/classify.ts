import { parseArgs } from 'node:util';

import { classifyMail, classifyReply, compileRules, DEFAULT_RULES } from '@mxflow/bounce';

import { atLeast, printResult, printTargets, say } from './result.ts';

/** What one core must read: a campaign of a million with a tenth of it bouncing is done within two minutes. */
const MAILS_PER_SECOND = 1100;
const REPLIES_PER_SECOND = 60_000;

/**
 * Reads distinct bounce mails and distinct replies with the whole default rule set, on this one thread. No text is seen
 * twice: an automaton that remembers whole texts would only show its memory.
 */
export async function benchClassify(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...argv], options: { seconds: { type: 'string', default: '5' } } });
  const seconds = Number(values.seconds);
  const rules = compileRules(DEFAULT_RULES);
  say(`${DEFAULT_RULES.length} rules; ${seconds} s each, after a warm-up`);
  const replies = perSecond(seconds, replyOf, (reply) => classifyReply(reply, {}, rules));
  printResult({ bench: 'classify', case: 'distinct replies', metric: 'rate on one core', value: replies, unit: '1/s' });
  const mails = perSecond(seconds, mailOf, (mail) => classifyMail(mail, rules));
  printResult({ bench: 'classify', case: 'distinct mails', metric: 'rate on one core', value: mails, unit: '1/s' });
  printTargets('classify', [
    atLeast('distinct replies per second', replies, REPLIES_PER_SECOND),
    atLeast('mails per second', mails, MAILS_PER_SECOND),
  ]);
}

/** Items made before each round: what is measured is the reading, not the making. */
const ROUND = 500;

/** Items read in a second of this thread on a core: what others do on the machine does not count. */
function perSecond<Item>(seconds: number, make: (number: number) => Item, read: (item: Item) => unknown): number {
  let done = 0;
  let readMs = 0;
  // The first rounds let the engine compile what it runs.
  for (let round = -4; readMs < seconds * 1000; round += 1) {
    const items = Array.from({ length: ROUND }, (_none, number) => make(done + number));
    const before = process.threadCpuUsage();
    for (const item of items) read(item);
    const used = process.threadCpuUsage(before);
    if (round >= 0) readMs += (used.user + used.system) / 1000;
    done += ROUND;
  }
  return (done - 4 * ROUND) / (readMs / 1000);
}

/** The default rules' own examples: texts of every kind that is known, each made distinct. */
const TEXTS = DEFAULT_RULES.flatMap(({ matches, leaves }) => [...matches, ...leaves]);

function replyOf(number: number): string {
  const text = TEXTS[number % TEXTS.length] ?? '';
  const marked = text
    .replaceAll('user@', `user.${number.toString(36)}@`)
    .replaceAll('192.0.2.1', `192.0.2.${number % 250}`);
  return `${marked} ${(number * 2654435761).toString(36)}.mx${number % 977}.example.com`;
}

const RECEIVED =
  'Received: from relay.example.net (relay.example.net [192.0.2.7])\r\n\tby mx.example.org with ESMTPS id ';

/** A report of RFC 3464 as it comes from a server, some 5 kB, about one recipient. */
function mailOf(number: number): Uint8Array {
  const recipient = `reader.${number.toString(36)}@example.org`;
  const reply = replyOf(number);
  const trace = Array.from({ length: 6 }, (_none, hop) => `${RECEIVED}${number}${hop}; Tue, 3 Mar 2026 10:00:05 +0000`);
  return Buffer.from(
    [
      ...trace,
      'From: MAILER-DAEMON@mx.example.org (Mail Delivery System)',
      `To: bounce-${number}@shop.example.com`,
      'Subject: Undelivered Mail Returned to Sender',
      'MIME-Version: 1.0',
      `Content-Type: multipart/report; report-type=delivery-status; boundary="part-${number}"`,
      '',
      `--part-${number}`,
      'Content-Type: text/plain; charset=utf-8',
      '',
      "This is the mail system at host mx.example.org.\r\n\r\nI'm sorry to have to inform you that your message could not\r\nbe delivered to one or more recipients. It's attached below.\r\n",
      `<${recipient}>: host mx.example.org[192.0.2.9] said: ${reply} (in reply to RCPT TO command)`,
      '',
      `--part-${number}`,
      'Content-Type: message/delivery-status',
      '',
      'Reporting-MTA: dns; mx.example.org',
      '',
      `Final-Recipient: rfc822; ${recipient}`,
      'Action: failed',
      'Status: 5.0.0',
      `Diagnostic-Code: smtp; ${reply}`,
      '',
      `--part-${number}`,
      'Content-Type: message/rfc822',
      '',
      ...trace,
      `Message-ID: <${number}@shop.example.com>`,
      'From: Shop <news@shop.example.com>',
      `To: ${recipient}`,
      'Subject: =?utf-8?B?TmV3cyBvZiBNYXJjaA==?=',
      '',
      ...Array.from(
        { length: 30 },
        (_none, line) => `Line ${line} of the message that came back, as long as lines are.`,
      ),
      `--part-${number}--`,
      '',
    ].join('\r\n'),
  );
}
