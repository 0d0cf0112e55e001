import { connect as connectTls } from 'node:tls';

import { expect, test } from 'vitest';

import type { ReceivedMessage } from '../src/provider-state.ts';
import { content, rawClient } from './raw-client.ts';
import { eventually, startWorld } from './world.ts';

test('a whole dialogue in lockstep, on record from open to close', async () => {
  const messages: ReceivedMessage[] = [];
  await using world = await startWorld({}, { keep: 'all', onMessage: (message) => messages.push(message) });
  using client = await world.connected({ source: '127.0.0.77' });
  expect(await client.reply()).toBe('220 mx1.sim.test ESMTP');
  expect(await client.ask('EHLO client.test')).toBe(
    [
      '250-mx1.sim.test',
      '250-PIPELINING',
      '250-SIZE 36700160',
      '250-ENHANCEDSTATUSCODES',
      '250-8BITMIME',
      '250 SMTPUTF8',
    ].join('\n'),
  );
  expect(await client.ask('MAIL FROM:<bounce+1@sender.test> SIZE=100 BODY=8BITMIME')).toBe('250 2.1.0 Ok');
  expect(await client.ask('RCPT TO:<"a> b"@sim.test>')).toBe('250 2.1.5 Ok');
  expect(await client.ask('DATA')).toBe('354 End data with <CR><LF>.<CR><LF>');
  client.write(`${content('m1@sender.test', '..dotted\r\n...twice')}.\r\n`);
  expect(await client.reply()).toMatch(/^250 2\.0\.0 Ok: queued as /);
  expect(await client.ask('QUIT')).toBe('221 2.0.0 Bye');
  expect(await client.ended()).toBe('closed');

  expect(messages).toEqual([
    {
      id: 'm1@sender.test',
      provider: 'sim',
      source: '127.0.0.77',
      envelope: { reversePath: 'bounce+1@sender.test', forwardPaths: ['"a> b"@sim.test'] },
      raw: Buffer.from(content('m1@sender.test', '.dotted\r\n..twice')),
    },
  ]);
  const events = await world.events();
  expect(events.map(({ e }) => e)).toEqual(['open', 'mail', 'accepted', 'close']);
  expect(events[2]).toMatchObject({
    c: 1,
    src: '127.0.0.77',
    dst: world.address,
    srv: 'sim',
    id: 'm1@sender.test',
    rcpt: '"a> b"@sim.test',
    code: 250,
  });
});

test('pipelined envelopes and contents, and octets cut anywhere', async () => {
  await using world = await startWorld({});
  using client = await world.greeted();
  const envelope = 'MAIL FROM:<a@x>\r\nRCPT TO:<r@sim.test>\r\nDATA\r\n';
  const dialogue = [1, 2, 3]
    .map((n) => `${n === 1 ? envelope : ''}${content(`m${n}`)}.\r\n${n < 3 ? envelope : ''}`)
    .join('');
  for (let at = 0; at < dialogue.length; at += 7) client.write(dialogue.slice(at, at + 7));
  const codes: string[] = [];
  for (let n = 0; n < 12; n += 1) codes.push((await client.reply()).slice(0, 3));
  expect(codes.join(' ')).toBe('250 250 354 250 250 250 354 250 250 250 354 250');
  const { accepted, duplicates, violations } = await world.analysis();
  expect({ accepted, duplicates, violations }).toEqual({ accepted: 3, duplicates: [], violations: {} });
});

test('sequence is kept strictly', async () => {
  await using world = await startWorld({});
  using client = await world.connected();
  await client.reply();
  expect(await client.ask('MAIL FROM:<a@x>')).toMatch(/^503/);
  await client.ask('HELO client.test');
  expect(await client.ask('RCPT TO:<r@sim.test>')).toMatch(/^503/);
  expect(await client.ask('DATA')).toMatch(/^503/);
  expect(await client.ask('MAIL FROM: a@x')).toMatch(/^501/);
  expect(await client.ask('MAIL FROM:<>')).toMatch(/^250/);
  expect(await client.ask('MAIL FROM:<>')).toMatch(/^503/);
  expect(await client.ask('DATA')).toMatch(/^554/);
  expect(await client.ask('RSET')).toMatch(/^250/);
  expect(await client.ask('RCPT TO:<r@sim.test>')).toMatch(/^503/);
  expect(await client.ask('FROBNICATE')).toMatch(/^500/);
  expect((await world.analysis()).violations).toEqual({ 'MAIL out of order': 2, syntax: 1, 'unknown command': 1 });
});

test('a refused recipient does not cost its neighbour, and DATA without any is refused', async () => {
  await using world = await startWorld({
    texts: 'gmail',
    recipients: [{ who: { local: 'gone*' }, does: { kind: 'refuse', reply: 'unknown-user' } }],
  });
  using client = await world.greeted();
  client.say('MAIL FROM:<a@x>', 'RCPT TO:<gone1@sim.test>', 'RCPT TO:<r@sim.test>', 'DATA');
  expect(await client.reply()).toMatch(/^250/);
  expect(await client.reply()).toMatch(
    /^550-5\.1\.1 The email account .* exist\. Please try\n550-5\.1\.1 .*\n.*\n550 5\.1\.1 /,
  );
  expect(await client.reply()).toMatch(/^250/);
  expect(await client.reply()).toMatch(/^354/);
  client.write(`${content('m1')}.\r\n`);
  expect(await client.reply()).toMatch(/^250/);
  client.say('MAIL FROM:<a@x>', 'RCPT TO:<gone2@sim.test>', 'DATA');
  const codes = [await client.reply(), await client.reply(), await client.reply()].map((reply) => reply.slice(0, 3));
  expect(codes).toEqual(['250', '550', '554']);
  // The refused transaction stays open until RSET, as with Postfix and Exim.
  expect(await client.ask('MAIL FROM:<a@x>')).toMatch(/^503/);
  await client.ask('RSET');
  expect(await client.ask('MAIL FROM:<a@x>')).toMatch(/^250/);
});

test('SIZE is held to, as declared and as sent', async () => {
  await using world = await startWorld({ extensions: { sizeOctets: 1000 } });
  using client = await world.greeted();
  expect(await client.ask('MAIL FROM:<a@x> SIZE=1001')).toMatch(/^552/);
  client.say('MAIL FROM:<a@x>', 'RCPT TO:<r@sim.test>', 'DATA');
  await client.reply();
  await client.reply();
  await client.reply();
  client.write(`${content('big', 'x'.repeat(2000))}.\r\n`);
  expect(await client.reply()).toMatch(/^552/);
  expect((await world.analysis()).accepted).toBe(0);
});

test('CHUNKING takes contents in pieces, dots and all', async () => {
  const messages: ReceivedMessage[] = [];
  await using world = await startWorld(
    { extensions: { chunking: true } },
    { keep: 'all', onMessage: (message) => messages.push(message) },
  );
  using client = await world.greeted();
  const [first, second] = [content('m1', '.'), '.\r\nend'];
  client.write(
    `MAIL FROM:<a@x>\r\nRCPT TO:<r@sim.test>\r\nBDAT ${first.length}\r\n${first}BDAT ${second.length} LAST\r\n${second}` +
      `RSET\r\nMAIL FROM:<a@x>\r\nRCPT TO:<r@sim.test>\r\nBDAT ${first.length}\r\n${first}BDAT 0 LAST\r\n`,
  );
  const codes: string[] = [];
  for (let n = 0; n < 9; n += 1) codes.push((await client.reply()).slice(0, 3));
  expect(codes).toEqual(Array(9).fill('250'));
  expect(messages.map(({ raw }) => raw.toString())).toEqual([first + second, first]);
});

test('STARTTLS starts over, and what was slipped in before it is thrown away', async () => {
  await using world = await startWorld({ tls: 'required' });
  using client = await world.greeted();
  expect(await client.ask('MAIL FROM:<a@x>')).toMatch(/^530/);
  client.say('STARTTLS', 'MAIL FROM:<injected@x>');
  expect(await client.reply()).toMatch(/^220/);
  client.socket.removeAllListeners('data');
  using secure = rawClient(
    connectTls({ socket: client.socket, rejectUnauthorized: false, servername: 'mx1.sim.test' }),
  );
  expect(await secure.ask('MAIL FROM:<a@x>')).toMatch(/^503/);
  expect(await secure.ask('EHLO client.test')).not.toMatch(/STARTTLS/);
  expect(await secure.ask('MAIL FROM:<a@x>')).toMatch(/^250/);
  expect((await world.analysis()).violations).toMatchObject({ 'octets behind STARTTLS': 1 });
  secure.socket.destroy();
  await eventually('the close on record', async () => (await world.analysis()).stillOpen === 0);
});

test('the certificate names the MX hosts', async () => {
  await using world = await startWorld({ tls: 'offered' });
  using client = await world.greeted();
  await client.ask('STARTTLS');
  client.socket.removeAllListeners('data');
  const secure = connectTls({ socket: client.socket, rejectUnauthorized: false, servername: 'mx2.sim.test' });
  await new Promise((resolve) => secure.once('secureConnect', resolve));
  expect(secure.getPeerX509Certificate()?.checkHost('mx2.sim.test')).toBe('mx2.sim.test');
  expect(secure.getPeerX509Certificate()?.checkHost('mx9.sim.test')).toBe(undefined);
});

test('a client that pipelines without the offer is found out; a server that lies swallows what follows', async () => {
  await using world = await startWorld({ extensions: { pipelining: false } });
  using client = await world.greeted();
  client.say('MAIL FROM:<a@x>', 'RCPT TO:<r@sim.test>');
  await client.reply();
  await client.reply();
  expect((await world.analysis()).violations).toEqual({ 'pipelined without the offer': 1 });
  await world.provider.setBehaviour({ extensions: { pipelining: 'lies' } });
  using other = await world.greeted();
  other.say('MAIL FROM:<a@x>', 'RCPT TO:<r@sim.test>');
  await other.reply();
  expect(await other.ask('NOOP')).toBe('250 2.0.0 Ok');
});
