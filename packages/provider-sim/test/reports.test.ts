import { expect, test } from 'vitest';

import type { ReceivedMessage } from '../src/provider-state.ts';
import { content } from './raw-client.ts';
import { eventually, startWorld } from './world.ts';

test('accepted first, bounced and complained about later, to the receiver that the world has', async () => {
  const reports: ReceivedMessage[] = [];
  // Busy at first: reports are mailed again.
  await using receiver = await startWorld(
    { faults: [{ at: 'rcpt', does: { code: 451, lines: ['4.3.0 try later'] }, times: 1 }] },
    { keep: 'all', onMessage: (message) => reports.push(message) },
  );
  await using world = await startWorld(
    {
      texts: 'orange',
      recipients: [
        { who: { local: 'bounces' }, does: { kind: 'bounce-later', reply: 'mailbox-full', delayMs: 20 } },
        { who: { local: 'complains' }, does: { kind: 'complain-later', delayMs: 20, to: 'fbl@sender.test' } },
      ],
    },
    { bounceTo: { host: receiver.address, port: receiver.sims.smtpPort } },
  );
  using client = await world.greeted();
  for (const local of ['bounces', 'complains', 'plain']) {
    client.say(`MAIL FROM:<b+${local}@sender.test>`, `RCPT TO:<${local}@sim.test>`, 'DATA');
    for (let n = 0; n < 3; n += 1) await client.reply();
    client.write(`${content(`${local}.1@sender.test`)}.\r\n`);
    expect(await client.reply()).toMatch(/^250/);
  }
  await eventually('both reports', () => reports.length === 2);
  await eventually('both counted', () => world.provider.stats.reportsSent === 2);
  expect(world.sims.reportsPending()).toBe(0);

  const [bounce, complaint] = reports.toSorted((one, other) =>
    one.envelope.forwardPaths[0]!.localeCompare(other.envelope.forwardPaths[0]!),
  );
  expect(bounce?.envelope).toEqual({ reversePath: '', forwardPaths: ['b+bounces@sender.test'] });
  const dsn = bounce?.raw.toString() ?? '';
  for (const part of [
    'Content-Type: multipart/report; report-type=delivery-status;',
    'Final-Recipient: rfc822; bounces@sim.test\r\n',
    'Action: failed\r\n',
    'Status: 5.2.2\r\n',
    'Diagnostic-Code: smtp; 552 5.2.2 La boite du destinataire est pleine. Recipient overquota.',
    'Message-ID: <bounces.1@sender.test>\r\n',
  ]) {
    expect(dsn).toContain(part);
  }
  expect(complaint?.envelope).toEqual({ reversePath: '', forwardPaths: ['fbl@sender.test'] });
  expect(complaint?.raw.toString()).toContain('Feedback-Type: abuse\r\n');
  const kinds = (await world.events()).flatMap((event) => (event.e === 'report' ? [event.kind] : []));
  expect(kinds.toSorted()).toEqual(['bounce', 'complaint']);
});

test('without a receiver reports fail and are counted, nothing else', async () => {
  await using world = await startWorld({
    recipients: [{ who: 'everyone', does: { kind: 'bounce-later', reply: 'unknown-user', delayMs: 0 } }],
  });
  using client = await world.greeted();
  client.say('MAIL FROM:<b@x>', 'RCPT TO:<r@sim.test>', 'DATA');
  for (let n = 0; n < 3; n += 1) await client.reply();
  client.write(`${content('m1')}.\r\n`);
  await client.reply();
  await eventually('the failure', () => world.provider.stats.reportsFailed === 1);
});
